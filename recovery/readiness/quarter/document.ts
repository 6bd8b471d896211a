/** The report of a quarter, for an auditor to read. Pure. */
import { formatDuration } from '../../../plan/duration.ts';
import type { Block } from '../../incident/post-mortem/document.ts';
import { formatTime, plural } from '../../report/format.ts';
import type { DutyRow, QuarterReport, Recovery, Tally, VerifyTally } from './report.ts';

const heading = (text: string): Block => ({ kind: 'heading', level: 2, text });
const item = (text: string): Block => ({ kind: 'item', text });

function section(title: string, rows: readonly string[], none: string): Block[] {
  return [heading(title), ...(rows.length === 0 ? [{ kind: 'text' as const, text: none }] : rows.map(item))];
}

const against = (name: string, measured: number | undefined, objective: number | undefined): string[] =>
  measured === undefined
    ? []
    : [`${name} ${formatDuration(measured)}${objective === undefined ? '' : ` of ${formatDuration(objective)}`}`];

function recoveryLine({ at, what, by, tiers, met }: Recovery): string {
  const measured = tiers.map(({ tier, rtoSeconds, rtoObjectiveSeconds, rpoSeconds, rpoObjectiveSeconds }) =>
    [
      tier,
      [...against('RTO', rtoSeconds, rtoObjectiveSeconds), ...against('RPO', rpoSeconds, rpoObjectiveSeconds)].join(
        ', ',
      ),
    ].join(' '),
  );
  const who = by === undefined ? '' : `, by ${by}`;
  return `${formatTime(at)} ${what}${who}: ${met ? 'objectives met' : 'OBJECTIVE MISSED'}; ${measured.join('; ')}`;
}

const backupLine = ({ id, passed, failed }: Tally): string => `${id}: ${passed} passed, ${failed} failed`;

const verifyLine = ({ id, passed, failed, deep }: VerifyTally): string =>
  `${id}: ${passed} passed (${deep} restored a point), ${failed} failed`;

function dutyLine({ kind, title, cadence, runs, overdueSeconds }: DutyRow): string {
  const done = runs.map(({ at, by, result, how }) => `${formatTime(at)} ${result}, by ${by} (${how})`);
  const late = overdueSeconds > 0 ? ` OVERDUE for ${formatDuration(overdueSeconds)}.` : '';
  return `${kind} "${title}", ${cadence}: ${done.length === 0 ? 'not in this quarter' : done.join('; ')}.${late}`;
}

export function quarterTitle({ quarter, environment }: QuarterReport): string {
  return `Disaster recovery of ${environment}, ${quarter}`;
}

export function quarterBlocks(report: QuarterReport): Block[] {
  const { from, until, asOf, ended, site, recoveries, exceptions, unread } = report;
  const span = `From ${formatTime(from)} to ${formatTime(until)}; site ${site}; written at ${formatTime(asOf)}`;
  return [
    { kind: 'heading', level: 1, text: quarterTitle(report) },
    { kind: 'text', text: `${span}.${ended ? '' : ' The quarter is not over: this is what it holds so far.'}` },
    {
      kind: 'text',
      text: `${plural(recoveries.length, 'recovery', 'recoveries')}, ${plural(exceptions.length, 'exception')}.`,
    },
    ...(unread.length === 0 ? [] : section('Not read: something may be missing below', unread, '')),
    ...section('Exceptions', exceptions, 'None.'),
    ...section('Recoveries and drills, measured against the plan', recoveries.map(recoveryLine), 'None.'),
    ...section('Verifications of the copies', report.verifications.map(verifyLine), 'None.'),
    ...section('Backups by schedule', report.backups.map(backupLine), 'None.'),
    ...section('Tests and reviews of the plan', report.duties.map(dutyLine), 'The plan has none.'),
    ...section(
      'Proofs and exercises',
      report.proofs.map(({ at, by, about, id, result, note }) => {
        const said = note === undefined ? '' : `: ${note}`;
        return `${formatTime(at)} ${about} ${id} ${result}, by ${by}${said}`;
      }),
      'None.',
    ),
    ...section(
      'Incidents',
      report.incidents.map(({ id, scenario, severity, exercise, declaredAt, resolvedAt, postMortem }) =>
        [
          `${id}${exercise ? ' (exercise)' : ''}: ${scenario}, ${severity}, declared at ${formatTime(declaredAt)}`,
          resolvedAt === undefined ? 'not resolved' : `resolved at ${formatTime(resolvedAt)}`,
          postMortem === undefined ? 'no post-mortem' : `post-mortem of SHA-256 ${postMortem.digest}`,
        ].join(', '),
      ),
      'None.',
    ),
    heading('What this rests on'),
    item('Incidents, exercises, proofs, reviews and tests by hand: signed records, kept in every repository.'),
    item('Recoveries, verifications and backups: the logs of this machine, which are not signed.'),
    item('Whatever a log does not hold is an exception above, never taken for done.'),
  ];
}
