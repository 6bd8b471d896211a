/** One repository: does it answer, how new is each workload's copy, when was it verified, and was anything altered. */
import { existsSync } from 'node:fs';
import { ownLineage } from '../../config/lineage.ts';
import { driveAway, isDriveAway } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import { openCatalog } from '../../points/catalog/catalog.ts';
import { walEndsOf } from '../../points/catalog/survey.ts';
import type { CatalogEntry, CatalogProblem } from '../../points/catalog/types.ts';
import { isCompromised, verifiedAt } from '../../points/marks.ts';
import type { RunRecord } from '../../report/runs.ts';
import { type Fence, readFence } from '../../storage/fence.ts';
import type { RepositoryObservation } from './observation.ts';

export type RepositoryReading =
  | {
      readonly kind: 'read';
      readonly points: readonly CatalogEntry[];
      readonly problems: readonly CatalogProblem[];
      /** How far the archived WAL comes; only where it was asked for. */
      readonly walEnd?: Date;
      /** This site has lost its lead. */
      readonly fence?: Fence;
    }
  | { readonly kind: 'away'; readonly fact: string };

/** `withWal`: also look how far the archived WAL comes, because the server can't say. */
export async function readRepository(site: Site, repository: Repository, withWal: boolean): Promise<RepositoryReading> {
  const { settings } = repository;
  // An empty listing would look like a repository without points; a disk that is not mounted is none.
  if (settings.type === 'posix' && !existsSync(settings.path)) {
    return { kind: 'away', fact: `the folder ${settings.path} does not exist` };
  }
  if (isDriveAway(site, repository)) return { kind: 'away', fact: driveAway(site, repository).fact };
  try {
    const catalog = await openCatalog(site, repository, 'restorer');
    const review = await catalog.review();
    const fence = await fenceIn(site, repository);
    const ends = withWal ? await walEndsOf({ repository, catalog, ...review }) : new Map<string, { time: Date }>();
    const walEnd = latest([...ends.values()].map(({ time }) => time));
    return { kind: 'read', ...review, ...(walEnd && { walEnd }), ...(fence && { fence }) };
  } catch (error) {
    // Without any signing key nothing can be said of any repository.
    if (!(error instanceof DrError) || error.where.startsWith('signingKeys')) throw error;
    return { kind: 'away', fact: error.fact };
  }
}

/** A drive for copies is put away, and no failover writes to it. */
async function fenceIn(site: Site, repository: Repository): Promise<Fence | undefined> {
  const lineage = repository.exported === true ? undefined : await ownLineage(site);
  return lineage === undefined ? undefined : readFence(await repository.store('restorer'), repository.layout, lineage);
}

/** Pure. `before` is what was known when the repository was last reached. */
export function describeRepository(
  id: string,
  reading: RepositoryReading,
  runs: readonly RunRecord[],
  before: RepositoryObservation | undefined,
): RepositoryObservation {
  if (reading.kind === 'away') {
    const nothing = { id, known: false, newest: new Map(), sound: true, problems: [] };
    return { ...(before ?? nothing), reachable: false, fact: reading.fact };
  }
  const good = reading.points.filter((entry) => entry.trust === 'ok' && !isCompromised(entry));
  const full = good.findLast(({ point }) => point.pointKind === 'full')?.point;
  const verified = latest(good.map(verifiedAt));
  const last = runs.findLast((run) => run.what === 'verify' && run.repository === id);
  const problems = [
    ...reading.problems.filter(({ kind }) => kind === 'tampered' || kind === 'removed').map(({ fact }) => fact),
    ...(last?.ok === false ? [`the verification of ${last.at} failed`] : []),
  ];
  return {
    id,
    reachable: true,
    known: true,
    newest: newestOf(good),
    ...(full === undefined ? {} : { newestFull: new Date(full.startedAt) }),
    ...(verified === undefined ? {} : { verifiedAt: verified }),
    sound: problems.length === 0,
    problems,
  };
}

function newestOf(points: readonly CatalogEntry[]): Map<string, Date> {
  const newest = new Map<string, Date>();
  for (const { point } of points) {
    for (const { workload, capturedAt } of point.captures) {
      const at = new Date(capturedAt);
      const known = newest.get(workload);
      if (known === undefined || known < at) newest.set(workload, at);
    }
  }
  return newest;
}

function latest(dates: readonly (Date | undefined)[]): Date | undefined {
  return dates.reduce(
    (best, date) => (date !== undefined && (best === undefined || best < date) ? date : best),
    undefined,
  );
}
