/** A probe is timed several times. Pure, except for the clock. */

export interface Timing {
  /** Milliseconds. */
  readonly median: number;
  readonly p95: number;
  readonly samples: number;
}

/** Nearest rank: the smallest value that at least this share of all values does not exceed. */
function rank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function timingOf(milliseconds: readonly number[]): Timing {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return { median: rank(sorted, 0.5), p95: rank(sorted, 0.95), samples: sorted.length };
}

export interface Verdict {
  /** Of the median, or of the p95 where that is larger. */
  readonly ratio: number;
  readonly worse: boolean;
}

/** Differences below this are noise of the machine, whatever their ratio. */
const NOISE_MS = 5;

export function compare(now: Timing, baseline: Pick<Timing, 'median' | 'p95'>, limit: number): Verdict {
  const pairs = [
    [now.median, baseline.median],
    [now.p95, baseline.p95],
  ] as const;
  const ratios = pairs.map(([is, was]) => is / Math.max(was, 0.001));
  const worse = pairs.some(([is, was], n) => (ratios[n] ?? 0) > limit && is - was > NOISE_MS);
  return { ratio: Math.max(...ratios), worse };
}

/** The middle of what several good days have measured. Undefined without one. */
export function baselineOf(days: readonly Timing[]): Pick<Timing, 'median' | 'p95'> | undefined {
  if (days.length === 0) return undefined;
  return {
    median: timingOf(days.map(({ median }) => median)).median,
    p95: timingOf(days.map(({ p95 }) => p95)).median,
  };
}
