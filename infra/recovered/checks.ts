/** The Job between two steps of a recovery: later steps wait until `dr health` reports the earlier ones healthy. Pure. */
import { type Duration, seconds } from '../../plan/duration.ts';
import type { Plan, TierId } from '../../plan/types.ts';

/** First the stores are checked, then each tier. */
export type Check = 'stores' | TierId;

export interface CheckJob {
  /** Also the end of its resource's name, from which `dr rebuild` reads the progress. */
  readonly name: string;
  /** What follows `dr`. */
  readonly args: readonly string[];
  readonly deadlineSeconds: number;
}

/** The command itself reports a timeout. Only a command that hangs is ended by the deadline. */
const LONGER_SECONDS = 120;

/** The timeout of a tier is its RTO, and that of the stores is the RTO of the first tier. */
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
