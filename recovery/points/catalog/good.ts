/** What `latest` may take: the copies whose age counts as that of the newest. Pure. */
import { isCompromised, isVouched } from '../marks.ts';
import type { Capture } from '../point.ts';
import { doubtsOf } from './doubts.ts';
import type { CatalogEntry } from './types.ts';

/** Trusted, not compromised, and of a clock and a host that are not in doubt. @param entries in the order of the chain */
export function goodEntries(entries: readonly CatalogEntry[], now: Date): CatalogEntry[] {
  const doubts = doubtsOf(entries, now);
  return entries.filter((entry) => entry.trust === 'ok' && !isCompromised(entry) && !doubts.has(entry.outline.id));
}

/** Without those that hold much less than the ones before, unless a person vouched for the point. */
export function goodCaptures(entry: CatalogEntry): readonly Capture[] {
  const { captures } = entry.point;
  return isVouched(entry) ? captures : captures.filter(({ suspect }) => suspect === undefined);
}
