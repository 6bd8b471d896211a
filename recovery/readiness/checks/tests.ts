/** The calendar of tests, the drills by scenario, and the last failover exercise. Pure. */
import { formatDuration } from '../../../plan/duration.ts';
import { CADENCE } from '../../../plan/limits.ts';
import { drilledBy, dueAfter, failoverTests } from '../../../plan/people/calendar.ts';
import { type Facts, recordsOf } from '../facts.ts';
import type { CalendarRow, CheckState, ReadinessCheck } from '../types.ts';

const STATES: Readonly<Record<CalendarRow['state'], CheckState>> = {
  done: 'ready',
  overdue: 'at risk',
  failed: 'at risk',
  never: 'at risk',
};

function describeLast({ last }: CalendarRow, now: Date): string {
  if (last === undefined) return 'never';
  const age = formatDuration(Math.max(0, (now.getTime() - Date.parse(last.at)) / 1000));
  return `${last.result} ${age} ago, by ${last.by || 'nobody named'} (${last.how})`;
}

export function calendarCheck(row: CalendarRow, family: 'tests' | 'people', now: Date): ReadinessCheck {
  const state = STATES[row.state];
  return {
    id: `${row.kind}/${row.id}`,
    family,
    title: row.title,
    state,
    evidence: describeLast(row, now),
    ...(row.last === undefined ? {} : { at: row.last.at }),
    objective: `${row.cadence}${row.dueAt === undefined ? '' : `, due ${row.dueAt.slice(0, 10)}`}`,
    ...(state === 'ready' ? {} : { command: row.command }),
  };
}

export function checkTests(facts: Facts, calendar: readonly CalendarRow[]): ReadinessCheck[] {
  const { now } = facts;
  return [
    ...calendar.map((row) => calendarCheck(row, 'tests', now)),
    ...scenarioChecks(facts),
    ...failoverCheck(facts),
    ...(calendar.length === 0 ? [noTests()] : []),
  ];
}

function noTests(): ReadinessCheck {
  return {
    id: 'tests',
    family: 'tests',
    title: 'The plan has tests',
    state: 'not ready',
    evidence: 'the plan is never tested',
    objective: 'at least one',
    command: 'dr plan check',
  };
}

/** A scenario that no test stages was never proven, and nobody would notice. */
function scenarioChecks({ plan }: Facts): ReadinessCheck[] {
  const staged = new Set(plan.tests.flatMap(({ run }) => drilledBy(run, plan)));
  return plan.scenarios
    .filter(({ id }) => !staged.has(id))
    .map(({ id, title }) => ({
      id: `scenario/${id}`,
      family: 'tests',
      title: `Drill of ${title}`,
      state: 'at risk',
      evidence: 'no test of the plan stages this scenario',
      objective: 'each scenario is drilled',
      command: `dr drill --scenario ${id}`,
    }));
}

/** A drill rebuilds; only a failover shows that the standby takes over and that users follow. */
function failoverCheck(facts: Facts): ReadinessCheck[] {
  const { plan, now } = facts;
  const [test] = failoverTests(plan);
  if (test === undefined) return [];
  const done = recordsOf(facts).filter(
    ({ about, id, result }) =>
      result === 'passed' && ((about === 'proof' && id === 'failover') || (about === 'test' && id === test.id)),
  );
  const last = done.at(-1);
  const head = {
    id: 'failover',
    family: 'tests',
    title: 'Last failover exercise',
    objective: `${test.cadence}: within ${formatDuration(CADENCE[test.cadence])}`,
  } as const;
  const command = `dr failover --stack NAME --dry-run, then dr plan record ${test.id} --by NAME --result passed`;
  if (facts.records.kind === 'unseen') return [{ ...head, state: 'unknown', evidence: facts.records.fact, command }];
  if (last === undefined) return [{ ...head, state: 'at risk', evidence: 'never recorded', command }];
  const late = dueAfter(new Date(last.at), test.cadence) < now;
  const evidence = `${formatDuration((now.getTime() - Date.parse(last.at)) / 1000)} ago, by ${last.by}`;
  return [{ ...head, state: late ? 'at risk' : 'ready', evidence, at: last.at, ...(late ? { command } : {}) }];
}
