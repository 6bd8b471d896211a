/** Pure: the Job between two steps of a recovery. What comes after it waits until `dr health` finds what came before it well. */
import { type Duration, seconds } from '../../plan/duration.ts';
import type { Plan, TierId } from '../../plan/types.ts';

/** Before the first workload the stores are looked at, and after that the tiers. */
export type Check = 'stores' | TierId;

export interface CheckJob {
  /** Also what its resource's name ends with: the progress of a rebuild is read from it. */
  readonly name: string;
  /** What follows `dr`. */
  readonly args: readonly string[];
  readonly deadlineSeconds: number;
}

/** The command says by itself what it has waited for in vain; only one that hangs is ended from outside. */
const LONGER_SECONDS = 120;

/** A tier may take as long as its RTO, and the stores as long as the first one's: later it is missed anyway. */
export function checkJob(check: Check, { tiers }: Pick<Plan, 'tiers'>): CheckJob {
  const tier = check === 'stores' ? tiers[0] : tiers.find(({ id }) => id === check);
  if (tier === undefined) throw new RangeError(`the plan has no tier ${check}`);
  const wait: Duration = tier.rto;
  return {
    name: `recovery-check-${check.toLowerCase()}`,
    args: ['health', ...(check === 'stores' ? ['--stores'] : ['--tier', check]), '--wait', wait],
    deadlineSeconds: seconds(wait) + LONGER_SECONDS,
  };
}
