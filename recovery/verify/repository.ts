/** Verifies one repository with the rights of the restorer, who can change nothing in it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { seconds } from '../../plan/duration.ts';
import { copyView } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { asDrError, isBug } from '../core/as-dr-error.ts';
import { type DrError, EXIT } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { pruneLock } from '../storage/alone.ts';
import { withLock } from '../storage/with-lock.ts';
import { catalogFindings, doubtFindings, missingPoint, noPoints, notTried } from './catalog-findings.ts';
import { copyFindings } from './copies.ts';
import { deepVerify, pointToTry } from './deep/run.ts';
import { turnOf } from './deep/turn.ts';
import { verifyFiles } from './files.ts';
import { verifyPostgres } from './postgres.ts';
import type { BytesRead, Reading } from './reading/reading.ts';
import { knownReading, overdueFindings, recordRead } from './reading/record.ts';
import type { Coverage, DeepResult, Finding, RepositoryReport, RepositoryStatus } from './types.ts';

export interface VerifyRequest {
  /** Restore the point to a scratch place too. */
  readonly deep: boolean;
  readonly reading: Reading;
  /** @default the newest complete point of each repository */
  readonly point?: string | undefined;
  readonly now: Date;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Gets the points that are believed, to be compared with those of other repositories. */
  readonly onCatalog?: (repository: string, believed: readonly CatalogEntry[]) => void;
}

interface Verified {
  readonly findings: readonly Finding[];
  readonly coverage: Coverage;
  readonly read?: BytesRead;
  readonly deep?: DeepResult;
}

async function verifyAll(
  site: Site,
  repository: Repository,
  request: VerifyRequest,
  folder: string,
): Promise<Verified> {
  const { progress, signal, now } = request;
  const event = { step: `verify/${repository.id}/catalog`, title: `${repository.id}: catalog` };
  progress({ ...event, state: 'start' });
  const catalog = await openCatalog(site, repository, 'restorer');
  const { points: entries, problems } = await catalog.review();
  const catalogued = [...catalogFindings(repository.id, problems), ...doubtFindings(repository.id, entries, now)];
  progress({ ...event, state: catalogued.length > 0 ? 'failed' : 'done', detail: `${entries.length} points` });
  const believed = entries.filter(({ trust }) => trust !== 'tampered');
  request.onCatalog?.(repository.id, believed);
  const retention = site.plan.repositories.find(({ id }) => id === repository.id)?.retention;
  const retainedSince = new Date(retention === undefined ? 0 : now.getTime() - seconds(retention) * 1000);
  const point = request.point ?? pointToTry(believed, now);
  const held = believed.filter((entry) => entry.point.id === point);
  // A year has 52 off-site copies: all are compared with their lists, and one is read.
  const copies = repository.exported === true ? await copyFindings(site, repository, believed) : [];
  const source =
    repository.exported === true && point !== undefined
      ? { repository: copyView(repository, point), entries: held }
      : { repository, entries: believed };
  const common = { ...source, folder, progress, signal };
  const reading = knownReading(site, believed, request);
  // Files first: that a passphrase opens them tells a wrong passphrase of the sets from damage.
  const files = await verifyFiles(site, { ...common, reading });
  const postgres = await verifyPostgres(site, { ...common, reading, retainedSince });
  const unheld = point !== undefined && held.length === 0 ? [missingPoint(repository.id, point)] : [];
  const only = turnOf(site, repository.id, { entries: believed, reading: request.reading, now });
  const deep =
    request.deep && point !== undefined && held.length > 0
      ? await deepVerify(site, { ...common, catalog, point, now, all: believed, only })
      : undefined;
  const isShelf = repository.exported === true;
  const read = isShelf ? undefined : await recordRead(site, catalog, { reading, files, postgres, entries: believed });
  const coverage = {
    points: entries.length,
    sets: postgres.sets,
    walSegments: postgres.walSegments,
    snapshots: files.snapshots,
  };
  const findings = [
    ...catalogued,
    ...(believed.length === 0 ? [noPoints(repository.id)] : []),
    ...copies,
    ...unheld,
    ...(request.deep && point === undefined && believed.length > 0 ? [notTried(repository.id)] : []),
    ...files.findings,
    ...postgres.findings,
    ...(deep?.findings ?? []),
    ...overdueFindings(repository.id, site.plan.safeguards.readAll, read),
  ];
  return { findings, coverage, ...(read ? { read } : {}), ...(deep ? { deep: deep.result } : {}) };
}

/** Nothing is pruned while it is read. A repository that takes no lock (mounted read-only) is verified all the same. */
async function whileNotPruned<T>(site: Site, repository: Repository, work: () => Promise<T>): Promise<T> {
  const store = await repository.store('restorer');
  const options = { what: `dr verify (${repository.id})` };
  let begun = false;
  try {
    return await withLock(store, pruneLock(repository.layout), options, () => {
      begun = true;
      return work();
    });
  } catch (error) {
    if (begun || asDrError(error, repository.id).code !== 'REPOSITORY-DENIED') throw error;
    site.log.warn({ repository: repository.id, error: String(error) }, 'verified without a lock against pruning');
    return work();
  }
}

const NOTHING: Coverage = { points: 0, sets: 0, walSegments: 0, snapshots: 0 };

/** Exit 2 is about keys, programs and the environment file; a locked or unreachable repository could not be verified. A bug says nothing of it. */
function statusOf(error: DrError): RepositoryStatus {
  if (isBug(error) || error.code === 'UNEXPECTED') return 'failed';
  if (error.exit === EXIT.usage) return 'unusable';
  return error.exit === EXIT.verificationFailed ? 'wrong' : 'unreachable';
}

function engineFailure(repository: string, error: DrError): Finding {
  const { code, where, fact, hint } = error;
  return { repository, area: 'repository', severity: 'wrong', code, what: where, fact, hint, points: [] };
}

/** Throws only for what is nobody's fault but the caller's: an interruption. */
export async function verifyRepository(
  site: Site,
  repository: Repository,
  request: VerifyRequest,
): Promise<RepositoryReport> {
  const begun = performance.now();
  const folder = join(site.environment.stateDir, 'verify', repository.id);
  const took = () => (performance.now() - begun) / 1000;
  try {
    const verified = await whileNotPruned(site, repository, async () => {
      try {
        return await verifyAll(site, repository, request, folder);
      } finally {
        // Under the lock: a process that didn't get it must not remove the holder's folder.
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      }
    });
    const wrong = verified.findings.some(({ severity }) => severity === 'wrong');
    return { id: repository.id, status: wrong ? 'wrong' : 'ok', seconds: took(), ...verified };
  } catch (thrown) {
    const error = asDrError(thrown, `repository ${repository.id}`);
    if (error.exit === EXIT.interrupted || request.signal?.aborted === true) throw error;
    const status = statusOf(error);
    const findings = status === 'wrong' ? [engineFailure(repository.id, error)] : [];
    return { id: repository.id, status, findings, coverage: NOTHING, seconds: took(), error };
  }
}
