/** Chooses the recovery point to copy off-site, and the repository to read it from. Pure. */
import { goodCaptures, goodEntries } from '../points/catalog/good.ts';
import { isNewerPoint, placesOf } from '../points/catalog/order.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { isCompromised, verifiedAt } from '../points/marks.ts';

/** What one repository holds. */
export interface Held {
  readonly repository: string;
  readonly entries: readonly CatalogEntry[];
}

export interface Chosen {
  readonly repository: string;
  readonly entry: CatalogEntry;
}

/** Whether it holds the whole platform. An hourly point holds less than a full one, and half a platform is not enough. */
function isWhole({ point }: CatalogEntry, configured: readonly string[]): boolean {
  if (!point.complete) return false;
  const held = new Set(point.captures.map(({ workload }) => workload));
  return point.pointKind === 'full' || configured.every((workload) => held.has(workload));
}

/** A full run in which a workload has failed: everything else is worth a copy. */
function isRest({ point }: CatalogEntry): boolean {
  return point.pointKind === 'full' && point.failed !== undefined;
}

/**
 * The newest whole point. A verified one is preferred, unless it is older than the newest by more than the interval of the exports. So is a
 * whole one over a newer full run that lacks a workload. Undefined where no repository holds a trusted one.
 * @param configured the plan's workloads that the environment configures
 */
export function choosePoint(
  all: readonly Held[],
  configured: readonly string[],
  intervalMs: number,
  now = new Date(),
): Chosen | undefined {
  const chains = all.map(({ entries }) => placesOf(entries));
  const newestOf = (candidates: readonly Chosen[]): Chosen | undefined =>
    candidates.reduce<Chosen | undefined>(
      (best, each) => (best && !isNewerPoint(each.entry.point.id, best.entry.point.id, chains) ? best : each),
      undefined,
    );
  const good = all.flatMap(({ repository, entries }) =>
    goodEntries(entries, now)
      .filter((entry) => goodCaptures(entry).length === entry.point.captures.length)
      .map((entry) => ({ repository, entry })),
  );
  // A point that is marked compromised in one repository is in doubt in the others too.
  const doubted = new Set(all.flatMap(({ entries }) => entries.filter(isCompromised).map(({ point }) => point.id)));
  const undoubted = good.filter(({ entry }) => !doubted.has(entry.point.id));
  const sound = undoubted.filter(({ entry }) => isWhole(entry, configured));
  const rest = newestOf(undoubted.filter(({ entry }) => isRest(entry)));
  // The first repository of the environment wins among equals.
  const newest = newestOf(sound);
  const verified = newestOf(sound.filter(({ entry }) => verifiedAt(entry) !== undefined));
  const isBehind = (older: Chosen, newer: Chosen): boolean =>
    Date.parse(newer.entry.point.startedAt) - Date.parse(older.entry.point.startedAt) > intervalMs;
  if (newest === undefined || (rest !== undefined && isBehind(newest, rest))) return rest ?? newest;
  return verified === undefined || isBehind(verified, newest) ? newest : verified;
}
