/** How long an archive is silent before a living site behind it can be ruled out. */
import { seconds } from './duration.ts';
import type { Plan } from './types.ts';

/** A living site ships a segment in each `archiveTimeout`, because its monitor touches a row every minute. Undefined: it ships no WAL. */
export function quietSeconds(plan: Pick<Plan, 'workloads'>): number | undefined {
  const timeout = plan.workloads.find(({ type }) => type === 'postgres')?.continuous?.archiveTimeout;
  return timeout === undefined ? undefined : 2 * seconds(timeout);
}
