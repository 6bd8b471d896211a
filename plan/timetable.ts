/** The captures of all schedules, and when each is complete, if every run takes its longest time. */
import { cronProblem, isWeekly, runs } from './cron.ts';
import { seconds } from './duration.ts';
import { selectWorkloads } from './select.ts';
import type { Plan, Schedule } from './types.ts';

export interface Capture {
  readonly schedule: string;
  readonly workloads: ReadonlySet<string>;
  /** Epoch seconds of the scheduled start. Later writes do not count as captured, even when the run had to wait. */
  readonly asOf: number;
  /** Seconds that it waited for other runs with its lock. */
  readonly wait: number;
  readonly longestRun: number;
  /** Epoch seconds when the point is in the first repository. */
  readonly done: number;
}

interface Due {
  readonly schedule: Schedule;
  readonly workloads: ReadonlySet<string>;
  readonly at: number;
}

const BREADTH = { full: 0, incremental: 1, config: 2 } as const;

/** Two weeks show every gap of a weekly timetable. Otherwise the window is long enough for two runs of a yearly schedule. */
const WEEKLY_WINDOW_DAYS = 15;
const LONG_WINDOW_DAYS = 800;

export function windowDays(expressions: readonly string[]): number {
  return expressions.every(isWeekly) ? WEEKLY_WINDOW_DAYS : LONG_WINDOW_DAYS;
}

/** In the same minute the run that covers more comes first. */
function byStart(a: Due, b: Due): number {
  return (
    a.at - b.at ||
    BREADTH[a.schedule.kind] - BREADTH[b.schedule.kind] ||
    b.workloads.size - a.workloads.size ||
    a.schedule.id.localeCompare(b.schedule.id, 'en')
  );
}

/** The runs of one lock, one after another. A run is skipped when all of its workloads were captured while it waited. */
function runOneByOne(dues: readonly Due[]): Capture[] {
  const captures: Capture[] = [];
  const lastStart = new Map<string, number>();
  let free = Number.NEGATIVE_INFINITY;
  for (const { schedule, workloads, at } of [...dues].sort(byStart)) {
    if ([...workloads].every((id) => (lastStart.get(id) ?? Number.NEGATIVE_INFINITY) >= at)) continue;
    const start = Math.max(at, free);
    const longestRun = seconds(schedule.longestRun);
    free = start + longestRun;
    for (const id of workloads) lastStart.set(id, start);
    captures.push({ schedule: schedule.id, workloads, asOf: at, wait: start - at, longestRun, done: free });
  }
  return captures;
}

/** All captures of the plan's schedules in a window that shows their longest gaps. Schedules with an invalid cron are skipped. */
export function timetable(plan: Pick<Plan, 'workloads' | 'schedules'>): Capture[] {
  const valid = plan.schedules.filter(({ cron }) => cronProblem(cron) === undefined);
  const days = windowDays(valid.map(({ cron }) => cron));
  const byLock = new Map<string, Due[]>();
  for (const schedule of valid) {
    const workloads = new Set(selectWorkloads(plan, schedule.workloads).map(({ id }) => id));
    if (workloads.size === 0) continue;
    const dues = runs(schedule.cron, days).map((at) => ({ schedule, workloads, at: at / 1000 }));
    byLock.set(schedule.lock, [...(byLock.get(schedule.lock) ?? []), ...dues]);
  }
  return [...byLock.values()].flatMap(runOneByOne);
}
