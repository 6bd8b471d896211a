/**
 * The calendar of tests and reviews: when each last ran, by whom, with which result, and when it is due. It is read from what the runs have
 * left: measurements of drills, health checks, and records of what people did. Pure.
 */
import { drilledBy, dueAfter, exerciseTests } from '../../plan/people/calendar.ts';
import type { Plan } from '../../plan/types.ts';
import type { PersonRecord } from '../records/document.ts';
import type { Measurement } from '../report/measurements.ts';
import type { RunRecord } from '../report/runs.ts';
import type { CalendarRow } from './types.ts';

type Test = Plan['tests'][number];
export type Run = NonNullable<CalendarRow['last']>;

export interface CalendarFacts {
  readonly plan: Plan;
  readonly now: Date;
  readonly measurements: readonly Measurement[];
  readonly runs: readonly RunRecord[];
  readonly records: readonly PersonRecord[];
}

const oldestFirst = (a: Run, b: Run): number => a.at.localeCompare(b.at);

function drillRuns(scenario: string, measurements: readonly Measurement[]): Run[] {
  const own = measurements.filter(({ source, what }) => source === 'drill' && what === `drill ${scenario}`);
  // Each drill measures several tiers at one moment.
  const byMoment = Map.groupBy(own, ({ at }) => at);
  return [...byMoment].map(([at, rows]): Run => {
    const passed = rows.every((row) => row.passed !== false);
    return { at, by: rows[0]?.by ?? 'the schedule', result: passed ? 'passed' : 'failed', how: `drill ${scenario}` };
  });
}

/** A run of all scenarios is as old as the oldest of their last drills, and as good as the worst. */
function runsOfAll(scenarios: readonly string[], measurements: readonly Measurement[]): Run[] {
  const last = scenarios.map((scenario) => drillRuns(scenario, measurements).toSorted(oldestFirst).at(-1));
  const [first, ...rest] = last;
  if (first === undefined || rest.includes(undefined)) return [];
  const all = last.filter((run) => run !== undefined).toSorted(oldestFirst);
  const [oldest] = all;
  if (oldest === undefined) return [];
  const failed = all.find(({ result }) => result === 'failed');
  return [{ ...oldest, result: failed === undefined ? 'passed' : 'failed', how: 'drills of all scenarios' }];
}

/** Every run of a test that left something, in no order. */
export function testRuns(test: Test, facts: Omit<CalendarFacts, 'now'>): Run[] {
  const { plan, measurements, runs } = facts;
  const scenarios = drilledBy(test.run, plan);
  const drills =
    scenarios.length > 1
      ? runsOfAll(scenarios, measurements)
      : scenarios.flatMap((scenario) => drillRuns(scenario, measurements));
  const health =
    test.run === 'dr health --comprehensive'
      ? runs.flatMap((run): Run[] =>
          run.what === 'health'
            ? [{ at: run.at, by: run.by ?? '', result: run.ok ? 'passed' : 'failed', how: 'dr health --comprehensive' }]
            : [],
        )
      : [];
  const recorded = facts.records
    .filter(({ about, id }) => about === 'test' && id === test.id)
    .map(({ at, by, result, note }): Run => ({ at, by, result, how: note ?? 'recorded by hand' }));
  return [...drills, ...health, ...recorded];
}

function row(
  head: Pick<CalendarRow, 'kind' | 'id' | 'title' | 'command'> & { readonly cadence: Test['cadence'] },
  runs: readonly Run[],
  now: Date,
): CalendarRow {
  // A run that is dated ahead would be done for as long as its date is.
  const past = runs.filter(({ at }) => Date.parse(at) <= now.getTime() + 3_600_000).toSorted(oldestFirst);
  const last = past.at(-1);
  if (last === undefined) return { ...head, state: 'never' };
  const passed = past.findLast(({ result }) => result === 'passed');
  const due = passed && dueAfter(new Date(passed.at), head.cadence);
  const state = last.result === 'failed' ? 'failed' : due !== undefined && due >= now ? 'done' : 'overdue';
  return { ...head, last, ...(due === undefined ? {} : { dueAt: due.toISOString() }), state };
}

export function testCalendar(facts: CalendarFacts): CalendarRow[] {
  const exercises = exerciseTests(facts.plan).map(({ id }) => id);
  const [first] = facts.plan.scenarios;
  return facts.plan.tests.map((test) => {
    const { id, title, cadence, run } = test;
    const byHand = exercises.includes(id)
      ? `dr exercise prepare --scenario ${first?.id}`
      : `dr plan record ${id} --by NAME --result passed`;
    const command = run ?? byHand;
    return row({ kind: 'test', id, title, cadence, command }, testRuns(test, facts), facts.now);
  });
}

/** A review of a longer cadence is one of the shorter too: it reads the whole plan. */
export function reviewRuns(cadence: string, { records }: Pick<CalendarFacts, 'records'>): Run[] {
  const counts = cadence === 'annual' ? ['annual'] : [cadence, 'annual'];
  return records
    .filter(({ about, id }) => about === 'review' && counts.includes(id))
    .map(({ at, by, result, note, id }): Run => ({ at, by, result, how: note ?? `${id} review` }));
}

/** One row a cadence of the plan's reviews. */
export function reviewCalendar(facts: CalendarFacts): CalendarRow[] {
  return facts.plan.maintenance.reviews.map(({ cadence, what }) => {
    const command = `dr plan review --cadence ${cadence} --by NAME`;
    return row({ kind: 'review', id: cadence, title: what, cadence, command }, reviewRuns(cadence, facts), facts.now);
  });
}
