/** `dr objectives`: are the plan's RTO and RPO met. */
import { Command } from '@commander-js/extra-typings';
import { formatDuration } from '../../plan/duration.ts';
import { exitFor } from '../../recovery/core/exit.ts';
import { formatTime } from '../../recovery/report/format.ts';
import { table } from '../../recovery/report/table.ts';
import type { ObjectivesReport } from '../../recovery/status/objectives.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { examples } from '../flags.ts';
import { openSite } from '../open-site.ts';

const declaration = () =>
  new Command('objectives')
    .description('Compare the plan’s RTO and RPO with the age of the newest copies and the last measured restores.')
    .addHelpText('after', examples('dr objectives', 'dr objectives -o json | jq .missed'));

async function objectives(_: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const { achievedObjectives } = await import('../../recovery/status/objectives.ts');
  const report = await achievedObjectives(await openSite(context), context.now());
  return {
    exit: exitFor({ objectiveMissed: report.missed.length > 0 }),
    kind: 'Objectives',
    data: report,
    text: objectivesText(report),
  };
}

function objectivesText(report: ObjectivesReport): string {
  const word = (met: boolean): string => (met ? 'met' : 'MISSED');
  const rpo = report.rpo.map((row) => [
    `${row.tier} ${row.workload}`,
    formatDuration(row.objectiveSeconds),
    row.ageSeconds === undefined ? 'no copy' : formatDuration(row.ageSeconds),
    word(row.met),
    row.repository === undefined ? row.basis : `${row.basis} in ${row.repository}`,
  ]);
  const rto = report.rto.map((row) => [
    `${row.tier} ${row.name}`,
    formatDuration(row.objectiveSeconds),
    row.measured === undefined ? 'never measured' : formatDuration(row.measured.seconds),
    row.measured === undefined ? '-' : word(row.met),
    row.measured === undefined ? 'run `dr drill`' : `${row.measured.what}, ${formatTime(row.measured.at)}`,
  ]);
  const reading = report.reading.map(({ repository, since, what, objectiveSeconds, met }) => {
    const late = met ? '' : `OVERDUE (${formatDuration(objectiveSeconds)}): `;
    return `${late}${repository}: not read back since ${formatTime(since)}: ${what}`;
  });
  const unreachable = report.unreachable.map(
    ({ repository, fact }) => `repository ${repository} can't be read: ${fact}`,
  );
  const beside = report.notCopied.map(({ workload, what }) => `not copied: ${workload}: ${what}`);
  const open = [
    ...report.unconfigured.map((id) => `not backed up: ${id}: the environment file does not say where it is`),
    ...(report.unheard === undefined ? [] : [`no alert reaches anybody: ${report.unheard}`]),
  ];
  const verdict = report.missed.length === 0 ? 'no objective is missed' : `missed: ${report.missed.join(', ')}`;
  return [
    table(['RPO of', 'objective', 'now', '', 'newest copy'], rpo),
    '',
    table(['RTO of', 'objective', 'last', '', 'measured by'], rto),
    '',
    ...open,
    ...beside,
    ...unreachable,
    ...reading,
    verdict,
  ].join('\n');
}

export const declare = siteCommand({ declare: declaration, run: objectives });
