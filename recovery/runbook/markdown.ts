/** The runbook as Markdown. Pure. */
import { formatTime } from '../report/format.ts';
import type { Runbook, RunbookCommand, RunbookStep, ScenarioRunbook } from './model.ts';
import type { RunbookTable } from './tables.ts';

/** Text of the plan stands for itself: none of it is markup. */
const plain = (text: string): string => text.replaceAll(/([\\`*_[\]<>|#])/g, '\\$1');
const row = (cells: readonly string[]): string => `| ${cells.map(plain).join(' | ')} |`;
const rows = (head: readonly string[], body: readonly (readonly string[])[]): string[] => [
  row(head),
  `|${head.map(() => '---').join('|')}|`,
  ...body.map(row),
];

function commandLines({ line, replace, good, stop, back }: RunbookCommand): string[] {
  return [
    '   ```sh',
    `   ${line}`,
    '   ```',
    ...replace.map((each) => `   - Replace ${each}`),
    ...(good === undefined ? [] : [`   - Good: ${plain(good)}`]),
    ...(stop === undefined ? [] : [`   - Stop if: ${plain(stop)}`]),
    ...(back === undefined ? [] : [`   - Back: ${plain(back)}`]),
  ];
}

function stepLines({ number, text, commands, byHand }: RunbookStep): string[] {
  return [
    `${number}. **${plain(text)}**`,
    ...byHand.map((each) => `   - ${plain(each)}`),
    ...commands.flatMap(commandLines),
    '   - [ ] done by __________ at ______',
    '',
  ];
}

function scenarioLines({ title, description, phases, id }: ScenarioRunbook): string[] {
  return [
    `## ${plain(title)}`,
    '',
    `${plain(description)} (\`--scenario ${id}\`)`,
    '',
    ...phases.flatMap((phase) => [`### ${plain(phase.title)}`, '', ...phase.steps.flatMap(stepLines)]),
  ];
}

function tableLines({ title, head, rows: body }: RunbookTable): string[] {
  return [`## ${title}`, '', ...(body.length === 0 ? ['The plan names none.'] : rows(head, body)), ''];
}

export function runbookMarkdown({
  site,
  title,
  tiers,
  team,
  channels,
  integrations,
  updateEvery,
  scenarios,
  tables,
}: Runbook): string {
  return `${[
    `# Runbook: ${plain(title)}, ${plain(site.environment)}`,
    '',
    `Site ${plain(site.site)} (${site.runsOn}), settings in ${plain(site.file)}, ${site.lineage === undefined ? 'no lineage yet' : `lineage ${plain(site.lineage)}`}.`,
    `As of ${formatTime(site.at)}. Walk it with \`dr runbook run --scenario …\`, which keeps time and writes the journal.`,
    '',
    '## Who to call',
    '',
    ...rows(
      ['role', 'primary', 'secondary', 'contact'],
      team.map((member) => [member.role, member.primary, member.secondary, member.contact]),
    ),
    '',
    ...rows(
      ['channel', 'address'],
      [...channels.internal, ...channels.external].map((each) => [each.title, each.address]),
    ),
    '',
    ...(updateEvery === undefined ? [] : [`An update goes out every ${updateEvery}.`, '']),
    '## Objectives',
    '',
    ...rows(
      ['tier', 'services', 'RTO', 'RPO'],
      tiers.map((tier) => [`${tier.id} ${tier.name}`, tier.services, tier.rto, tier.rpo]),
    ),
    '',
    '## Where the copies are',
    '',
    ...rows(
      ['repository', 'place', 'newest point'],
      site.repositories.map(({ id, place, newest, silent }) => [
        id,
        place,
        newest === undefined ? (silent ?? 'none') : `${newest.id} (${formatTime(newest.at)})`,
      ]),
    ),
    '',
    '## Third parties',
    '',
    ...(integrations.length === 0
      ? ['The plan names none.', '']
      : [
          ...rows(
            ['integration', 'owner', 'contact', 'by hand'],
            integrations.map((each) => [each.title, each.owner, each.contact, each.byHand]),
          ),
          '',
        ]),
    ...scenarios.flatMap(scenarioLines),
    ...tables.flatMap(tableLines),
  ].join('\n')}`;
}
