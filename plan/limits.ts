/** Limits that follow from the plan's schedules and calendar of tests, in seconds. */
import { runs } from './cron.ts';
import { DAY_SECONDS, seconds } from './duration.ts';
import { exposures } from './objectives.ts';
import { windowDays } from './timetable.ts';
import type { Plan, Schedule, Workload } from './types.ts';

/** The longest month, quarter and year, and one day of grace. */
export const CADENCE = { monthly: 32 * DAY_SECONDS, quarterly: 93 * DAY_SECONDS, annual: 367 * DAY_SECONDS } as const;

/** The greatest age that a workload's newest point reaches when every run takes its longest time. Infinity without a schedule. */
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

/**
 * A run may wait for the longest other run with its lock, and take twice its `longestRun`. A run beyond `longestRun` is reported; it is
 * ended only when it would block the next ones.
 */
export function runDeadline(plan: Pick<Plan, 'schedules'>, schedule: Schedule): number {
  const others = plan.schedules.filter(({ id, lock }) => id !== schedule.id && lock === schedule.lock);
  return Math.max(0, ...others.map(({ longestRun }) => seconds(longestRun))) + 2 * seconds(schedule.longestRun);
}

export interface TestCadence {
  readonly scenario: string;
  readonly cadence: keyof typeof CADENCE;
  /** From one passed drill to the next. */
  readonly seconds: number;
  /** The command. */
  readonly run: string;
}

/** The most frequent drill of each scenario that the calendar has a drill for. */
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
