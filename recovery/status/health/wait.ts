/** Asks until the platform is well, or the time is over. */
import { setTimeout as pause } from 'node:timers/promises';
import { durationProblem, formatDuration, seconds } from '../../../plan/duration.ts';
import { durationSchema } from '../../../plan/fields.ts';
import { badInput } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import { type HealthReport, isFailed } from './types.ts';

/** Between two rounds. What starts takes seconds; more often would only load it. */
const PAUSE_MILLISECONDS = 5000;

export interface Patience {
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
  /** @default 5000 */
  readonly pauseMilliseconds?: number;
}

/** Seconds. Throws `WAIT` (exit 2). */
export function waitOf(text: string): number {
  const { success, data } = durationSchema.safeParse(text);
  if (success) return seconds(data);
  const problem = durationProblem(text) ?? '';
  const hint = 'write a number and a unit, as in "90s" or "15m"';
  throw badInput({ code: 'WAIT', where: '--wait', fact: problem.split('; ')[0] ?? problem, hint });
}

function failedOf({ tiers, checks }: HealthReport): string {
  const failed = [...tiers.flatMap((tier) => tier.checks), ...checks].filter(isFailed);
  return failed.map(({ title, fact }) => `${title}: ${fact}`).join('; ');
}

/** The last report, healthy or not; the last round begins when the time is over. Throws what `check` throws, and AbortError. */
export async function untilHealthy(check: () => Promise<HealthReport>, patience: Patience): Promise<HealthReport> {
  const { signal, progress, pauseMilliseconds = PAUSE_MILLISECONDS } = patience;
  const step = { step: 'health/wait', title: `well within ${formatDuration(patience.seconds)}` };
  const end = performance.now() + patience.seconds * 1000;
  progress?.({ ...step, state: 'start' });
  for (;;) {
    const report = await check();
    const left = end - performance.now();
    if (report.healthy || left <= 0) {
      progress?.({ ...step, state: report.healthy ? 'done' : 'failed', detail: failedOf(report) });
      return report;
    }
    progress?.({ ...step, state: 'progress', detail: failedOf(report) });
    await pause(Math.min(pauseMilliseconds, left), undefined, signal === undefined ? {} : { signal });
  }
}
