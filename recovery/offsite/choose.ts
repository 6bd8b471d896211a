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

/**
 * The newest whole point. A verified one is preferred, unless it is older than the newest by more than the interval of the exports.
 * Undefined where no repository holds a whole trusted one.
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
  const whole = all.flatMap(({ repository, entries }) =>
    goodEntries(entries, now)
      .filter((entry) => isWhole(entry, configured) && goodCaptures(entry).length === entry.point.captures.length)
      .map((entry) => ({ repository, entry })),
  );
  // A point that is marked compromised in one repository is in doubt in the others too.
  const doubted = new Set(all.flatMap(({ entries }) => entries.filter(isCompromised).map(({ point }) => point.id)));
  const sound = whole.filter(({ entry }) => !doubted.has(entry.point.id));
  // The first repository of the environment wins among equals.
  const newest = newestOf(sound);
  const verified = newestOf(sound.filter(({ entry }) => verifiedAt(entry) !== undefined));
  if (newest === undefined || verified === undefined) return newest;
  const behind = Date.parse(newest.entry.point.startedAt) - Date.parse(verified.entry.point.startedAt);
  return behind <= intervalMs ? verified : newest;
}
