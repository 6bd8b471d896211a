/** Limits that follow from the plan's schedules and calendar of tests, in seconds. */
import { runs } from './cron.ts';
import { exposures } from './objectives.ts';
import { windowDays } from './timetable.ts';
import type { Plan, Workload } from './types.ts';

const DAY = 86_400;
/** The longest month, quarter and year, and a day to do it. */
const CADENCE = { monthly: 32 * DAY, quarterly: 93 * DAY, annual: 367 * DAY } as const;

/** The oldest that the newest point of a workload gets while every run takes as long as it may. Infinity without a schedule. */
export function worstPointAge(plan: Plan, workload: Workload): number {
  const { continuous: _, ...bySchedules } = workload;
  const workloads = plan.workloads.map((each) => (each.id === workload.id ? bySchedules : each));
  const found = exposures({ ...plan, workloads }).find((each) => each.workload.id === workload.id);
  return found?.worst.seconds ?? Number.POSITIVE_INFINITY;
}

/** The longest time between two full backups. */
export function fullInterval(plan: Plan): number {
  const full = plan.schedules.filter(({ kind }) => kind === 'full').map(({ cron }) => cron);
  const days = windowDays(full);
  const times = [...new Set(full.flatMap((cron) => runs(cron, days)))].sort((a, b) => a - b);
  return Math.max(...times.slice(1).map((time, n) => (time - (times[n] as number)) / 1000));
}

export interface TestCadence {
  readonly scenario: string;
  readonly cadence: keyof typeof CADENCE;
  /** From one drill that passed to the next. */
  readonly seconds: number;
  /** What is typed. */
  readonly run: string;
}

/** For each scenario that the calendar drills: its most frequent test. */
export function testCalendar(plan: Plan): TestCadence[] {
  return plan.scenarios.flatMap(({ id: scenario }) => {
    const own = plan.tests.filter(
      ({ run, scenario: tested }) => run?.startsWith('dr drill') && (tested === scenario || / all$/.test(run)),
    );
    const [first] = own.toSorted((a, b) => CADENCE[a.cadence] - CADENCE[b.cadence]);
    if (first === undefined) return [];
    const { cadence } = first;
    return [{ scenario, cadence, seconds: CADENCE[cadence], run: `dr drill --scenario ${scenario}` }];
  });
}
