/** The CronJobs that run `dr`, as a stack declares them. */
import { runs } from '../cron.ts';
import { at, listAt, textAt } from './values.ts';

export const CRON_JOB = 'kubernetes:batch/v1:CronJob';

export interface DrJob {
  /** Of the object: `dr-full`. */
  readonly name: string;
  /** As declared, which need not be a correct expression. */
  readonly cron: string;
  readonly suspended: boolean;
  /** What follows `dr`. */
  readonly args: readonly string[];
}

/** Undefined for a CronJob of another program. */
export function drJobOf(inputs: unknown): DrJob | undefined {
  const name = textAt(inputs, 'metadata', 'name');
  const [container] = listAt(inputs, 'spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers');
  if (name === undefined || listAt(container, 'command')[0] !== 'dr') return undefined;
  return {
    name,
    cron: textAt(inputs, 'spec', 'schedule') ?? '',
    suspended: at(inputs, 'spec', 'suspend') === true,
    args: listAt(container, 'args').map(String),
  };
}

/** More than two years, so that an annual job runs twice. */
const WINDOW_DAYS = 800;

/** Seconds between two runs of a correct expression, at worst. Infinity for one that runs once in two years. */
export function longestInterval(cron: string): number {
  const times = runs(cron, WINDOW_DAYS).map((ms) => ms / 1000);
  const gaps = times.slice(1).map((time, n) => time - (times[n] ?? time));
  return gaps.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...gaps);
}
