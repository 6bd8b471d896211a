/** `dr health --wait`: asks again until the platform is healthy, or the time is up. */
import { durationProblem, formatDuration, seconds } from '../../../plan/duration.ts';
import { durationSchema } from '../../../plan/fields.ts';
import { badInput } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import type { Progress } from '../../core/progress.ts';
import { type HealthReport, isFailed } from './types.ts';

/** Between two rounds. A starting service needs seconds; asking more often would only load it. */
const EVERY_SECONDS = 5;

interface WaitOptions {
  readonly seconds: number;
  /** @default 5 */
  readonly everySeconds?: number;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

/** Seconds. Throws `WAIT` (exit 2). */
export function parseWait(text: string): number {
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

/** The last report, healthy or not; the last round begins when the time is up. Throws what `check` throws, and AbortError. */
export async function untilHealthy(
  check: () => Promise<HealthReport>,
  { seconds: limit, everySeconds = EVERY_SECONDS, signal, progress }: WaitOptions,
): Promise<HealthReport> {
  const step = { step: 'health/wait', title: `healthy within ${formatDuration(limit)}` };
  progress?.({ ...step, state: 'start' });
  const ask = async (): Promise<HealthReport> => {
    const report = await check();
    if (!report.healthy) progress?.({ ...step, state: 'progress', detail: failedOf(report) });
    return report;
  };
  const { answer, accepted } = await poll({ seconds: limit, everySeconds, signal }, ask, ({ healthy }) => healthy);
  progress?.({ ...step, state: accepted ? 'done' : 'failed', detail: failedOf(answer) });
  return answer;
}
