/** Reads all catalogs at once. An unreachable repository does not hide the others. */
import { didYouMeanOrAll } from '../../../plan/nearest.ts';
import { driveUnmounted, isDriveUnmounted } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { badInput, DrError } from '../../core/errors.ts';
import type { StoreRole } from '../../storage/backends.ts';
import { isCompromised } from '../marks.ts';
import { isPostgres } from '../point.ts';
import { archivedUntil } from '../wal.ts';
import { openCatalog } from './catalog.ts';
import type { Catalog, CatalogEntry, CatalogReview } from './types.ts';
import { unreadableOf, unreadablePoint } from './unreadable.ts';
import type { WalEnd } from './window.ts';

export interface Surveyed extends CatalogReview {
  readonly repository: Repository;
  readonly catalog: Catalog;
}

export interface Unreachable {
  readonly repository: Repository;
  readonly error: DrError;
}

export interface Survey {
  readonly reached: readonly Surveyed[];
  readonly unreachable: readonly Unreachable[];
}

/** All repositories, or the one that is named. Throws `REPOSITORY-UNKNOWN` and missing signing keys (exit 2). */
export async function surveyCatalogs(site: Site, named?: string, role: StoreRole = 'restorer'): Promise<Survey> {
  const repositories = named === undefined ? [...site.repositories.values()] : [site.repository(named)];
  const results = await Promise.all(
    repositories.map(async (repository): Promise<Surveyed | Unreachable> => {
      try {
        if (isDriveUnmounted(site, repository)) throw driveUnmounted(site, repository);
        const catalog = await openCatalog(site, repository, role);
        return { repository, catalog, ...(await catalog.review()) };
      } catch (error) {
        // Without a signing key no repository can be judged.
        if (!(error instanceof DrError) || error.where.startsWith('signingKeys')) throw error;
        return { repository, error };
      }
    }),
  );
  return {
    reached: results.filter((result) => 'catalog' in result),
    unreachable: results.filter((result) => 'error' in result),
  };
}

/** How far each lineage's WAL reaches in one repository, from its newest trusted set on. */
export async function walEndsOf(
  { repository, points }: Surveyed,
  role: StoreRole = 'restorer',
): Promise<Map<string, WalEnd>> {
  // In an off-site copy a segment's time says when it was copied.
  if (repository.exported === true) return new Map();
  const newest = new Map<string, CatalogEntry>();
  for (const entry of points) {
    if (entry.trust !== 'ok' || isCompromised(entry)) continue;
    for (const { postgres } of entry.outline.captures) if (postgres) newest.set(postgres.lineage, entry);
  }
  const store = await repository.store(role);
  const ends = await Promise.all(
    [...newest].map(async ([lineage, { point }]): Promise<[string, WalEnd][]> => {
      const capture = point.captures.filter(isPostgres).findLast((each) => each.lineage === lineage);
      const time = capture && (await archivedUntil(store, repository.layout, capture));
      return time ? [[lineage, { time }]] : [];
    }),
  );
  return new Map(ends.flat());
}

/** Throws `POINT-UNKNOWN` (exit 2) unless a repository that was reached holds the point. */
export function holdersOf(survey: Survey, id: string): Surveyed[] {
  const holders = survey.reached.filter(({ points }) => points.some(({ outline }) => outline.id === id));
  if (holders.length > 0) return holders;
  for (const { repository, problems } of survey.reached) {
    const unreadable = unreadableOf(problems).find((each) => each.id === id);
    if (unreadable !== undefined) throw unreadablePoint(repository.id, unreadable);
  }
  const ids = [...new Set(survey.reached.flatMap(({ points }) => points.map(({ outline }) => outline.id)))]
    .sort()
    .reverse();
  const away = survey.unreachable.map(({ repository }) => repository.id);
  throw badInput({
    code: 'POINT-UNKNOWN',
    where: 'point',
    fact: `no repository holds a point "${id}"${away.length > 0 ? ` (unreachable: ${away.join(', ')})` : ''}.${didYouMeanOrAll(id, ids)}`,
    hint: 'see `dr points`',
  });
}
