/** Chooses the recovery point to copy off-site, and the repository to read it from. Pure. */
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
): Chosen | undefined {
  const whole = all.flatMap(({ repository, entries }) =>
    entries
      .filter((entry) => entry.trust === 'ok' && !isCompromised(entry) && isWhole(entry, configured))
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

function newestOf(candidates: readonly Chosen[]): Chosen | undefined {
  return candidates.reduce<Chosen | undefined>(
    (best, each) => (best !== undefined && best.entry.point.id >= each.entry.point.id ? best : each),
    undefined,
  );
}
