/**
 * Who reads copies for a while leases their points, so that a prune keeps them. A prune that had decided before it saw the lease may still
 * remove them: so the reader then waits for it, and looks whether all that it needs is still there.
 */
import type { Repository, Site } from '../config/site.ts';
import { ignoring } from '../core/absent.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { type DrError, precondition } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { type Capture, isPostgres, type PostgresCapture } from '../points/point.ts';
import { LEASE_SECONDS, type Lease, leasePoint } from '../storage/lease.ts';
import { untilNotPruning } from '../storage/writers.ts';
import { openPgBackRest } from './pgbackrest/pgbackrest.ts';
import { walOf } from './pgbackrest/wal.ts';
import { openRestic } from './restic/restic.ts';

/** What is read of a point. */
export interface ReadCapture {
  /** Id. */
  readonly point: string;
  readonly capture: Capture;
  /** The last WAL segment that is read with a set. @default the one with which the set ends */
  readonly walLast?: string | undefined;
}

export interface LeaseCaptures {
  readonly repository: Repository;
  /** What is read: the repository, or one of its off-site copies. @default repository */
  readonly source?: Repository | undefined;
  readonly read: readonly ReadCapture[];
  /** Becomes part of the leases' names. */
  readonly holder: string;
  /** For the configuration of pgBackRest. */
  readonly folder: string;
  /** Step of the progress: `restore/lease`. */
  readonly step: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface Leases {
  /** Leased points; none where the repository takes no lease. */
  readonly leases: readonly Lease[];
  release(): Promise<void>;
}

/** A prune of some hundred points takes minutes. */
const WAIT_SECONDS = 600;

function gone(repository: Repository, fact: string): DrError {
  return precondition({
    code: 'POINT-GONE',
    where: `repository ${repository.id}`,
    fact: `${fact}: it was removed after this command had chosen it`,
    hint: 'nothing was changed; run the same command again: it chooses among what is there now',
  });
}

async function lease(site: Site, { repository, read, holder }: LeaseCaptures): Promise<Lease[]> {
  const points = [...new Set(read.map(({ point }) => point))];
  try {
    const store = await repository.store('restorer');
    return await Promise.all(points.map((point) => leasePoint(store, repository.layout, { point, holder })));
  } catch (error) {
    // A damaged or read-only repository must still be restorable; prune asks for its own reasons too.
    site.log.warn({ error: String(error), repository: repository.id }, 'the points could not be leased');
    return [];
  }
}

async function wait({ repository, step, progress, signal }: LeaseCaptures): Promise<void> {
  const event = { step, title: `wait until nothing is removed from ${repository.id}` };
  let waited = false;
  const onWait = ({ fact }: DrError): void => {
    waited = true;
    progress({ ...event, state: 'start', detail: fact });
  };
  await untilNotPruning(await repository.store('restorer'), repository.layout, {
    waitSeconds: WAIT_SECONDS,
    signal,
    onWait,
  });
  if (waited) progress({ ...event, state: 'done' });
}

/** Throws `POINT-GONE` where the set, or WAL that is read with it, is not there. */
async function checkSet(
  site: Site,
  { repository, source = repository, folder }: LeaseCaptures,
  { capture, point, walLast }: ReadCapture & { readonly capture: PostgresCapture },
): Promise<void> {
  const { lineage, passphrase, set, walStop } = capture;
  const pg = await openPgBackRest(site, { lineage, repositories: [source], role: 'restorer', passphrase, folder });
  const info = await pg.info(source);
  if (info !== undefined && !info.backup.some(({ label }) => label === set))
    throw gone(repository, `the set ${set} of ${point} is not there`);
  const { range } = await walOf(pg, source, capture);
  const last = walLast ?? walStop;
  if (range === undefined || range.last.slice(8) < last.slice(8))
    throw gone(repository, `WAL segment ${range?.gap ?? capture.walStart} between ${set} and ${last} is not there`);
}

async function check(site: Site, request: LeaseCaptures): Promise<void> {
  const { repository, source = repository, read } = request;
  const present = new Set((await (await openCatalog(site, repository, 'restorer')).points()).map((e) => e.point.id));
  const lost = read.find(({ point }) => !present.has(point));
  if (lost !== undefined) throw gone(repository, `the point ${lost.point} is not there`);
  for (const each of read) {
    const { capture } = each;
    if (isPostgres(capture)) await checkSet(site, request, { ...each, capture });
  }
  const files = read.flatMap(({ point, capture }) => (isPostgres(capture) ? [] : [{ point, capture }]));
  if (files.length === 0) return;
  const snapshots = new Set((await openRestic(site, source, 'restorer').snapshots()).map(({ id }) => id));
  const missing = files.find(({ capture }) => !snapshots.has(capture.snapshot));
  if (missing === undefined) return;
  const { capture, point } = missing;
  throw gone(repository, `the snapshot of ${capture.workload} in ${point} is not there`);
}

/**
 * Throws `POINT-GONE` and `LOCKED` (exit 6), without a lease left behind. What can't be looked at is not gone: whoever reads it says what is
 * wrong with it.
 */
export async function leaseCaptures(site: Site, request: LeaseCaptures): Promise<Leases> {
  const leases = await lease(site, request);
  const release = async (): Promise<void> => {
    const ignored = ignoring('it expires by itself, and until then prune only keeps more');
    await Promise.all(leases.map((each) => each.release().catch(ignored)));
  };
  try {
    await wait(request);
    await check(site, request);
  } catch (error) {
    rethrowBug(error);
    const { code, message } = asDrError(error, `repository ${request.repository.id}`);
    if (code === 'POINT-GONE' || code === 'LOCKED' || request.signal?.aborted === true) {
      await release();
      throw error;
    }
    const about = { error: message, repository: request.repository.id };
    site.log.warn(about, 'whether all is still there could not be looked at');
  }
  return { leases, release };
}

/** Work that takes longer than a lease keeps its points all the same. */
export async function whileRenewed<T>(site: Site, { leases }: Leases, work: () => Promise<T>): Promise<T> {
  const renew = async (each: Lease): Promise<void> =>
    each
      .renew()
      .catch((error: unknown) =>
        site.log.warn({ error: String(error), point: each.record.point }, 'lease not renewed'),
      );
  const timer = setInterval(() => void Promise.all(leases.map(renew)), (LEASE_SECONDS * 1000) / 3).unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
