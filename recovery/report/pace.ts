/** How fast a step moves, and when it would end at that rate. Pure. */
import { formatDuration } from '../../plan/duration.ts';
import { formatBytes } from './format.ts';

export interface Pace {
  /** 0..1 */
  readonly fraction: number;
  /** Since the step began. */
  readonly seconds: number;
  /** Of the whole step, where that is known. */
  readonly bytes?: number | undefined;
}

/** A rate of the first moments says nothing. */
const LEAST_SECONDS = 5;

/** Seconds that are left at this rate; undefined while nothing can be said. */
export function secondsLeft({ fraction, seconds }: Pace): number | undefined {
  if (seconds < LEAST_SECONDS || fraction <= 0 || fraction > 1) return undefined;
  return (seconds / fraction) * (1 - fraction);
}

/** `12.3 MB/s, about 3 min left`; empty while nothing can be said. */
export function paceWords(pace: Pace): string {
  const left = secondsLeft(pace);
  if (left === undefined) return '';
  const { bytes, fraction, seconds } = pace;
  const rate = bytes === undefined ? [] : [`${formatBytes((bytes * fraction) / seconds)}/s`];
  return [...rate, left < 1 ? 'ending' : `about ${formatDuration(Math.round(left))} left`].join(', ');
}
