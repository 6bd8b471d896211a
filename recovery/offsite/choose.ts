/** Pure: which recovery point goes off-site, and from which repository it is read. */
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

/** Everything of the platform: an hourly point holds less than a full one, and half a platform is no copy to start from. */
function isWhole({ point }: CatalogEntry, configured: readonly string[]): boolean {
  if (!point.complete) return false;
  const held = new Set(point.captures.map(({ workload }) => workload));
  return point.pointKind === 'full' || configured.every((workload) => held.has(workload));
}

/**
 * The newest whole point; one that was verified is preferred unless it is older than the newest by more than the time between two
 * exports. Undefined where no repository holds a whole one that can be believed.
 * @param configured workloads of the plan that the environment has a place for
 */
export function choosePoint(
  all: readonly Held[],
  configured: readonly string[],
  intervalMs: number,
): Chosen | undefined {
  const whole = all.flatMap(({ repository, entries }) =>
    entries
      .filter((entry) => entry.trust === 'ok' && !isCompromised(entry) && isWhole(entry, configured))
      .map((entry) => ({ repository, entry })),
  );
  // Where one repository's copy is marked, the others' of the same point are in doubt too.
  const doubted = new Set(all.flatMap(({ entries }) => entries.filter(isCompromised).map(({ point }) => point.id)));
  const sound = whole.filter(({ entry }) => !doubted.has(entry.point.id));
  // The first repository of the environment wins among equals.
  const newest = newestOf(sound);
  const verified = newestOf(sound.filter(({ entry }) => verifiedAt(entry) !== undefined));
  if (newest === undefined || verified === undefined) return newest;
  const behind = Date.parse(newest.entry.point.startedAt) - Date.parse(verified.entry.point.startedAt);
  return behind <= intervalMs ? verified : newest;
}

function newestOf(candidates: readonly Chosen[]): Chosen | undefined {
  return candidates.reduce<Chosen | undefined>(
    (best, each) => (best !== undefined && best.entry.point.id >= each.entry.point.id ? best : each),
    undefined,
  );
}
