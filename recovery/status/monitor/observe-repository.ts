/** One repository: whether it answers, how new each workload's copy is, when it was verified, and whether anything was altered. */

import { ownLineage } from '../../config/lineage.ts';
import { driveUnmounted, isDriveUnmounted } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { isThereSync } from '../../core/absent.ts';
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
      /** How far the archived WAL reaches; only with `withWal`. */
      readonly walEnd?: Date;
      /** Another site leads. */
      readonly fence?: Fence;
    }
  | { readonly kind: 'unreachable'; readonly fact: string };

/** `withWal`: also read how far the archived WAL reaches, where the server does not report it. */
export async function readRepository(
  site: Site,
  repository: Repository,
  { withWal }: { readonly withWal: boolean },
): Promise<RepositoryReading> {
  const { settings } = repository;
  // The listing of an unmounted disk is empty, and would look like a repository without points.
  if (settings.type === 'posix' && !isThereSync(settings.path)) {
    return { kind: 'unreachable', fact: `the folder ${settings.path} does not exist` };
  }
  if (isDriveUnmounted(site, repository)) return { kind: 'unreachable', fact: driveUnmounted(site, repository).fact };
  try {
    const catalog = await openCatalog(site, repository, 'restorer');
    const review = await catalog.review();
    const fence = await fenceIn(site, repository);
    const ends = withWal ? await walEndsOf({ repository, catalog, ...review }) : new Map<string, { time: Date }>();
    const walEnd = latest([...ends.values()].map(({ time }) => time));
    return { kind: 'read', ...review, ...(walEnd && { walEnd }), ...(fence && { fence }) };
  } catch (error) {
    // Without a signing key no repository can be judged.
    if (!(error instanceof DrError) || error.where.startsWith('signingKeys')) throw error;
    return { kind: 'unreachable', fact: error.fact };
  }
}

/** No failover writes to a repository of off-site copies: its drive is usually disconnected. */
async function fenceIn(site: Site, repository: Repository): Promise<Fence | undefined> {
  const lineage = repository.exported === true ? undefined : await ownLineage(site);
  return lineage === undefined ? undefined : readFence(await repository.store('restorer'), repository.layout, lineage);
}

/** Pure. `before`: what the last refresh knew of the repository. */
export function describeRepository(
  id: string,
  reading: RepositoryReading,
  runs: readonly RunRecord[],
  before: RepositoryObservation | undefined,
): RepositoryObservation {
  if (reading.kind === 'unreachable') {
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
