/** Medians and percentiles of few numbers. */

/** Nearest rank. NaN for no numbers. @param p 0 to 1 */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return Number.isInteger(middle) ? (low + (sorted[middle] ?? Number.NaN)) / 2 : low;
}

/** Ratio of the fastest rounds: other work on the machine disturbs it least. */
export function fastestRatio(ours: { readonly seconds: readonly number[] } | undefined, theirs: typeof ours): number {
  return Math.min(...(ours?.seconds ?? [])) / Math.min(...(theirs?.seconds ?? []));
}
