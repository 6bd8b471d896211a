/** Takes a repository back: it must be the one that was detached, and it is complete again when it holds a full backup. */
import { runInit } from '../backup/init.ts';
import { type BackupResult, runBackup } from '../backup/run.ts';
import { acquireBackupSlot } from '../backup/slot.ts';
import { type Detachment, detachments, refuseBeingRecreated, setDetachment } from '../config/detached.ts';
import { folderIsThere, refuseExported } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { emptySince } from '../config/used-folders.ts';
import { isThere } from '../core/absent.ts';
import { verificationFailed } from '../core/errors.ts';
import { accountName } from '../core/holder.ts';
import type { Progress } from '../core/progress.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { refuseFenced } from '../points/fence.ts';
import { withHeldLock } from '../storage/with-lock.ts';
import { catchUpWal } from './catch-up.ts';
import { isShippedTo, refuseServerElsewhere } from './ship.ts';

export interface AttachPlan {
  readonly repository: string;
  /** Absent for one that nobody detached: the running lineage began without it. */
  readonly before?: Detachment;
  readonly points: number;
  readonly newest?: string;
  /** False where it takes part already. */
  readonly needed: boolean;
}

/** Throws `REPOSITORY-CHANGED` (exit 5) where the catalog is not what this host and the other repositories remember. */
async function checkCatalog(site: Site, repository: Repository): Promise<Pick<AttachPlan, 'points' | 'newest'>> {
  const { id, settings } = repository;
  const changed = (fact: string) =>
    verificationFailed({
      code: 'REPOSITORY-CHANGED',
      where: `repository ${id}`,
      fact: `is not what it was: ${fact}`,
      hint: `\`dr repository status ${id}\` says more; if it is an empty or another disk: dr repository recreate ${id}`,
    });
  const since = emptySince(site, repository);
  if (since !== undefined && settings.type === 'posix' && (await isThere(settings.path)))
    throw changed(`${settings.path} is empty, and this host has used it since ${since}`);
  await folderIsThere(site, repository);
  const { points, problems } = await (await openCatalog(site, repository, 'restorer')).review();
  const newest = points.findLast(({ trust }) => trust === 'ok')?.outline.id;
  if (problems.length === 0) return { points: points.length, ...(newest === undefined ? {} : { newest }) };
  throw changed(problems.map(({ fact }) => fact).join('; '));
}

/** Reads only. Throws `REPOSITORY-EXPORTED` (exit 2), `POSTGRES-ELSEWHERE`, `REPOSITORY-RECREATED` or `FENCED` (exit 6). */
export async function planAttach(site: Site, repository: Repository): Promise<AttachPlan> {
  refuseExported(repository);
  refuseServerElsewhere(site);
  const { id } = repository;
  const before = detachments(site).get(id);
  refuseBeingRecreated(id, before, { consequence: ': it does not hold everything yet', hint: 'to go on with it' });
  const needed = before !== undefined || !(await isShippedTo(site, repository));
  const found = await checkCatalog(site, repository);
  await refuseFenced(site, [repository]);
  return { repository: id, ...(before && { before }), ...found, needed };
}

export interface AttachRequest {
  readonly progress: Progress;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/**
 * Ships WAL there, copies what it missed, and makes a full backup to it. Where the backup fails it takes part and counts as incomplete: the same command
 * completes it. Throws what `runInit` and `runBackup` throw.
 */
export async function attach(site: Site, repository: Repository, request: AttachRequest): Promise<BackupResult> {
  const { id } = repository;
  const { progress, now, signal } = request;
  const before = detachments(site).get(id);
  const since = before?.state === 'attaching' ? before.since : now().toISOString();
  await setDetachment(site, id, { ...before, state: 'attaching', since, by: before?.by ?? accountName() });
  await runInit(site, { repositories: [id], restart: false, progress, now });
  await catchUpWal(site, repository, { progress, signal });
  const slot = await acquireBackupSlot(site, { kind: 'full', only: [], progress, now, signal });
  return withHeldLock(slot.lock, async (_, lost) => {
    const ended = AbortSignal.any([signal, lost]);
    const result = await runBackup(site, {
      kind: 'full',
      only: [],
      repositories: [id],
      progress,
      now,
      signal: ended,
    });
    if (result.points[id]?.complete === true) await setDetachment(site, id, undefined);
    return result;
  });
}
