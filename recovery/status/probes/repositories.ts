/** Which repositories are readable, their newest good point, and what somebody did to their catalogs. */
import type { Layout } from '../../../plan/layout.ts';
import type { Repository, Site } from '../../config/site.ts';
import { isThereSync } from '../../core/absent.ts';
import { DrError } from '../../core/errors.ts';
import { pointOfKey } from '../../points/catalog/chain.ts';
import { doubtsOf } from '../../points/catalog/doubts.ts';
import { goodCaptures, goodEntries } from '../../points/catalog/good.ts';
import type { SignedRemovals } from '../../points/catalog/memory.ts';
import type { Catalog, CatalogEntry } from '../../points/catalog/types.ts';
import { unreadableOf } from '../../points/catalog/unreadable.ts';
import { isCompromised } from '../../points/marks.ts';
import { reviewWithMarks } from '../../points/marks-elsewhere.ts';
import type { Capture } from '../../points/point.ts';
import { formatTime, plural } from '../../report/format.ts';
import { type Deletion, isVersioned } from '../../storage/versioned-store.ts';

export interface RepositoryFinding {
  readonly repository: string;
  readonly reachable: boolean;
  readonly points: number;
  /** Newest trusted point that is not marked compromised. */
  readonly newest?: { readonly id: string; readonly endedAt: string };
  /** Compromised points without a newer good one. */
  readonly compromised: readonly string[];
  /** A fact for each altered or removed document of the catalog. */
  readonly tampered: readonly string[];
  /** Points newer than the remaining ones that a delete marker hides, and the last moment at which they are readable. */
  readonly hidden?: { readonly points: readonly string[]; readonly newest: string; readonly readableUntil: string };
  /** A fact for each point whose clock or origin is in doubt. */
  readonly doubtful?: readonly string[];
  readonly facts: readonly string[];
}

/** The newest capture of a workload may be some points back: a configuration snapshot holds no database. */
const LOOK_BACK = 400;

export interface RepositoryInspection {
  readonly finding: RepositoryFinding;
  /** Oldest first; empty for an unreachable repository. */
  readonly entries: readonly CatalogEntry[];
}

export async function inspectRepository(site: Site, repository: Repository): Promise<RepositoryInspection> {
  const { settings } = repository;
  if (settings.type === 'posix' && !isThereSync(settings.path)) {
    return unreachable(repository, `the folder ${settings.path} does not exist`);
  }
  try {
    const { catalog, review } = await reviewWithMarks(site, repository);
    const { points: entries, problems } = review;
    const hidden = await hiddenPoints(catalog, entries);
    const unreadable = unreadableOf(problems).map(({ id, why }) => `${id} can't be read by this version of dr: ${why}`);
    const tampered = problems.filter(({ kind }) => kind === 'tampered' || kind === 'removed');
    return {
      entries,
      finding: describe(
        repository,
        entries,
        tampered.map(({ fact }) => fact),
        { hidden, unreadable },
      ),
    };
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return unreachable(repository, error.fact);
  }
}

function unreachable(repository: Repository, fact: string): RepositoryInspection {
  const finding = {
    repository: repository.id,
    reachable: false,
    points: 0,
    compromised: [],
    tampered: [],
    facts: [fact],
  };
  return { finding, entries: [] };
}

function describe(
  repository: Repository,
  entries: readonly CatalogEntry[],
  tampered: readonly string[],
  { hidden, unreadable }: { readonly hidden: RepositoryFinding['hidden']; readonly unreadable: readonly string[] },
): RepositoryFinding {
  const now = new Date();
  const good = new Set(goodEntries(entries, now));
  const doubtful = [...doubtsOf(entries, now).values()].map(({ point, fact }) => `${point} ${fact}`);
  const newestGood = entries.findLastIndex((entry) => good.has(entry));
  const newest = entries[newestGood]?.point;
  const compromised = entries.slice(newestGood + 1).filter(isCompromised);
  return {
    repository: repository.id,
    reachable: true,
    points: entries.length,
    ...(newest === undefined ? {} : { newest: { id: newest.id, endedAt: newest.endedAt } }),
    compromised: compromised.map(({ point }) => point.id),
    tampered,
    ...(doubtful.length === 0 ? {} : { doubtful }),
    ...(hidden === undefined ? {} : { hidden }),
    facts: [
      newest === undefined
        ? `${plural(entries.length, 'point')}, none that is good`
        : `${plural(entries.length, 'point')}, the newest good one is ${newest.id} of ${formatTime(newest.endedAt)}`,
      ...unreadable,
    ],
  };
}

/** Pruning never removes the newest point, so a deleted point newer than all remaining ones was not pruned. */
async function hiddenPoints(
  catalog: Catalog,
  entries: readonly CatalogEntry[],
): Promise<RepositoryFinding['hidden'] | undefined> {
  const { repository } = catalog;
  const store = await repository.store('restorer');
  if (!isVersioned(store)) return undefined;
  const { catalogPrefix } = repository.layout;
  const newestLeft = entries.at(-1)?.point.id ?? '';
  const gone = await store.deletions(catalogPrefix);
  const removals = await catalog.removals();
  const points = gone
    .flatMap(({ key }) => pointOfKey(key) ?? [])
    .filter((id) => id > newestLeft && !removals.points.has(id));
  const newest = points.sort().at(-1);
  if (newest === undefined) return undefined;
  const environment = catalogPrefix.slice(0, catalogPrefix.indexOf('/') + 1);
  // Everybody's own work removes the engines' files and ends locks: only the catalog tells of the intruder.
  const deletions = (await store.deletions(environment)).filter(
    (each) => !isOwnWork(each.key, environment) && !isPruned(each, repository.layout, removals),
  );
  const since = deletions.map(({ at }) => at.getTime()).filter((at) => at >= timeOfId(newest));
  // In whole seconds, which is how S3 reports times.
  const readableUntil = new Date(Math.floor(Math.min(...since) / 1000) * 1000 - 1000);
  return { points, newest, readableUntil: readableUntil.toISOString() };
}

/** S3 reports whole seconds. */
const SECOND = 1000;

/** Signed checkpoints name the points that a prune removed. Between its two the engines remove what these held. */
function isPruned({ key, at }: Deletion, layout: Layout, { points, spans }: SignedRemovals): boolean {
  const point = pointOfKey(key);
  if (point !== undefined) return points.has(point);
  const isEngines = [layout.pgbackrestPrefix, `${layout.restic}/`, layout.copiesPrefix].some((prefix) =>
    key.startsWith(prefix),
  );
  return isEngines && spans.some(({ from, to }) => at.getTime() >= from - SECOND && at.getTime() <= to + SECOND);
}

/**
 * restic and pgBackRest remove locks and old indexes, and `dr` its locks and leases, on a quiet day too. A moment before the first of
 * these would be too early.
 */
function isOwnWork(key: string, environment: string): boolean {
  const own = key.slice(environment.length);
  if (/^(?:locks|leases)\//.test(own) || /^restic\/(?:locks|index)\//.test(own)) return true;
  return /^pgbackrest\/[^/]+\/(?:lock|spool)/.test(own);
}

/** Milliseconds of `20261123T020000Z-full-7f3a`. */
function timeOfId(id: string): number {
  return Date.parse(id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** The newest trusted capture of each workload in any repository. */
export function newestCaptures(inspections: readonly RepositoryInspection[]): Map<string, Capture> {
  const newest = new Map<string, Capture>();
  for (const { entries } of inspections) {
    for (const entry of goodEntries(entries, new Date()).slice(-LOOK_BACK)) {
      for (const capture of goodCaptures(entry)) {
        const known = newest.get(capture.workload);
        if (known === undefined || known.capturedAt < capture.capturedAt) newest.set(capture.workload, capture);
      }
    }
  }
  return newest;
}
