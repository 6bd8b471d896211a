/** `dr incident follow-ups`: what is to be done after an incident, by whom, until when. */
import { Command, Option } from '@commander-js/extra-typings';
import { execa } from 'execa';
import { DrError } from '../../../recovery/core/errors.ts';
import type { Incident } from '../../../recovery/incident/incident.ts';
import type { Incidents } from '../../../recovery/incident/incidents.ts';
import { type CommandResult, commandFamily, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { byOption, incidentOption, openAll, writtenBy } from './open.ts';

const listDeclaration = () =>
  new Command('list')
    .description('List the follow-ups with owner and due time; the plan’s, and the action items of the post-mortem.')
    .addOption(incidentOption())
    .addOption(new Option('--format <format>', 'table or csv').choices(['table', 'csv']).default('table'))
    .addHelpText(
      'after',
      examples(
        'dr incident follow-ups',
        'dr incident follow-ups --format csv > follow-ups.csv',
        'dr incident follow-ups -o json',
      ),
    );

/** The follow-ups of the named incident, or of all. */
async function list(options: OptionsOf<typeof listDeclaration>, context: SiteContext): Promise<CommandResult> {
  const [{ clocksOf }, { followUpsCsv }, { table }, { formatTime }] = await Promise.all([
    import('../../../recovery/incident/clocks.ts'),
    import('../../../recovery/incident/follow-ups.ts'),
    import('../../../recovery/report/table.ts'),
    import('../../../recovery/report/format.ts'),
  ]);
  const { site, incidents } = await openAll(context);
  const wanted = options.incident === undefined ? incidents.all() : [incidents.get(options.incident)];
  const rows = wanted.flatMap((incident) =>
    clocksOf(incident, site.plan, context.now()).followUps.map((each, n) => ({
      incident: incident.id,
      number: n + 1,
      ...each,
    })),
  );
  if (options.format === 'csv') return { kind: 'FollowUps', data: { followUps: rows }, text: followUpsCsv(rows) };
  const shown = rows.map(({ incident, number, title, owner, dueAt, command, done, overdueSeconds }) => [
    incident,
    String(number),
    title,
    owner,
    formatTime(dueAt),
    done === undefined ? (overdueSeconds > 0 ? 'OVERDUE' : 'open') : `done by ${done.person}`,
    command ?? '',
  ]);
  return {
    kind: 'FollowUps',
    data: { followUps: rows },
    text:
      rows.length === 0
        ? 'no follow-ups: they are set by dr incident resolve'
        : table(['incident', 'n', 'what', 'owner', 'due', 'state', 'command'], shown),
  };
}

const doneDeclaration = () =>
  new Command('done')
    .argument('<n>', 'number in the list, or id')
    .description('Mark a follow-up as done. One that a command does is run first, and must succeed.')
    .option('--result <text>', 'what came of it; with it the command is not run')
    .addOption(byOption())
    .addOption(incidentOption())
    .addHelpText(
      'after',
      examples(
        'dr incident follow-ups done 3 --by "Senior Engineer"',
        'dr incident follow-ups done action-1 --by CTO --result "merged"',
      ),
    );

/** Exit as its command's, when that fails: then it is not done. */
async function done(
  options: OptionsOf<typeof doneDeclaration>,
  context: SiteContext,
  typed: string,
): Promise<CommandResult> {
  const { followUpOf } = await import('../../../recovery/incident/follow-ups.ts');
  const { incidents } = await openAll(context);
  const incident = options.incident === undefined ? newestWithFollowUps(incidents) : incidents.get(options.incident);
  const found = followUpOf(incident, typed);
  const written = await writtenBy({ by: options.by }, context);
  const ran =
    found.command === undefined || options.result !== undefined
      ? undefined
      : await run(found.command, incident, context);
  const result = options.result ?? ran?.text;
  const event = {
    type: 'follow-up-done',
    id: found.id,
    person: written.by,
    ...(ran === undefined ? {} : { exit: ran.exit }),
    ...(result === undefined ? {} : { result }),
  } as const;
  await incidents.append(incident.id, event, { ...written, now: context.now() });
  return {
    kind: 'FollowUp',
    data: { incident: incident.id, ...found, done: event },
    text: `${found.title}: done by ${written.by}`,
  };
}

function newestWithFollowUps(incidents: Incidents): Incident {
  return incidents.all().find(({ followUps }) => followUps.length > 0) ?? incidents.openOne();
}

/** Throws `FOLLOW-UP-FAILED` with the command's exit code. */
async function run(
  command: string,
  incident: Incident,
  { env, signal }: SiteContext,
): Promise<{ exit: number; text: string }> {
  const [, ...words] = command.split(' ');
  const args = words.join(' ') === 'incident post-mortem' ? [...words, incident.id, '--check'] : words;
  const main = new URL('../../main.js', import.meta.url).pathname;
  const options = {
    env: { DR_ENV: env },
    reject: false,
    stdin: 'ignore',
    stderr: 'inherit',
    cancelSignal: signal,
  } as const;
  const { exitCode = 1, stdout } = await execa(process.execPath, [main, ...args], options);
  const text = stdout.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  if (exitCode === 0) return { exit: 0, text };
  throw new DrError({
    code: 'FOLLOW-UP-FAILED',
    where: command,
    fact: `it ended with exit ${exitCode}${text === '' ? '' : `: ${text}`}`,
    hint: 'repair what it names and run the same command again; if a person has done it: --result "…"',
  });
}

const listCommand = siteCommand({ declare: listDeclaration, run: list });

export const declare = commandFamily({
  declare: () =>
    new Command('follow-ups').description('List what is to be done after an incident, and mark it as done.'),
  members: [listCommand, siteCommand({ declare: doneDeclaration, run: done })],
  byDefault: listCommand,
});
