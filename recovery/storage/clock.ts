/** The repository's own clock: it is the same for everybody who writes there, and this host's may be wrong. */
import { formatDuration } from '../../plan/duration.ts';
import type { ObjectStore } from './object-store.ts';

/** The difference of two clocks that are right, of a call that took a while, and of a date to the second. */
const CLOCK_NOISE_SECONDS = 5;

/** Beyond it people are told. Leap seconds, slow calls and drifting clocks stay below. */
export const WARN_SKEW_SECONDS = 300;

/** `5 min ahead of`, `2 h behind` */
export function skewText(skewSeconds: number): string {
  return `${formatDuration(Math.abs(skewSeconds))} ${skewSeconds > 0 ? 'ahead of' : 'behind'}`;
}

/** Where the store has no clock, or doesn't tell it: this host's. Throws what the store throws. */
export async function repositoryNow(store: ObjectStore): Promise<Date> {
  return (await store.clock?.()) ?? new Date();
}

/** Seconds that this host's clock is ahead of the repository's; 0 for noise. Undefined where the store has no clock. */
export async function clockSkew(store: ObjectStore): Promise<number | undefined> {
  const theirs = await store.clock?.();
  if (theirs === undefined) return undefined;
  const skew = (Date.now() - theirs.getTime()) / 1000;
  return Math.abs(skew) <= CLOCK_NOISE_SECONDS ? 0 : Math.round(skew);
}

/** `now` (a moment of this host) as the repository's clock would tell it; as it is where that has none. */
export async function correctedNow(store: ObjectStore, now: Date): Promise<Date> {
  const skew = await clockSkew(store);
  return skew === undefined || skew === 0 ? now : new Date(now.getTime() - skew * 1000);
}
