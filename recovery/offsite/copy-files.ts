/** The restic snapshots of a point into a restic repository of the copy's own, with a passphrase of its own. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { layout } from '../../plan/layout.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { copySnapshots, ensureRepository, snapshotsOfRun } from '../engines/restic/actions.ts';
import { openRestic, type Restic } from '../engines/restic/restic.ts';
import type { ResticCapture } from '../points/point.ts';
import { openPosixStore } from '../storage/posix/store.ts';

export interface CopySnapshotsRequest {
  readonly source: Repository;
  /** The dated copy: its layout is that of the copy. */
  readonly target: Repository;
  /** Id of the point: the tag `run` of its snapshots. */
  readonly point: string;
  readonly captures: readonly ResticCapture[];
  /** Private; whoever calls removes it. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** The copy is nobody else's yet, and the source may be one that can't be written to. */
const UNLOCKED = ['--no-lock'];

/** Between two S3 repositories restic can't copy, because it knows one pair of keys: the snapshots rest in a folder on the way. */
async function byFolder(
  site: Site,
  source: Restic,
  target: Repository,
  request: CopySnapshotsRequest,
): Promise<Restic> {
  const path = join(request.folder, 'restic');
  const store = openPosixStore(path);
  const aside: Repository = {
    id: `${target.id} (on its way)`,
    settings: { type: 'posix', path, passphrases: target.settings.passphrases },
    layout: layout(site.environment.name),
    store: async () => store,
  };
  const restic = openRestic(site, aside, 'writer');
  await ensureRepository(restic, source);
  const ids = request.captures.map(({ snapshot }) => snapshot);
  await copySnapshots(source, restic, { ids, flags: UNLOCKED, signal: request.signal });
  return restic;
}

/** Captures as the copy names them. Throws `COPY-DIFFERS` unless each tree is the source's. */
export async function copySnapshotsOf(site: Site, request: CopySnapshotsRequest): Promise<ResticCapture[]> {
  const { source, target, captures, point, signal } = request;
  if (captures.length === 0) return [];
  const far = openRestic(site, source, 'restorer');
  const both = source.settings.type === 's3' && target.settings.type === 's3';
  const near = both ? await byFolder(site, far, target, request) : far;
  const ids = both
    ? [...(await snapshotsOfRun(near, point)).values()].map(({ id }) => id)
    : captures.map(({ snapshot }) => snapshot);
  const restic = openRestic(site, target, 'writer');
  await ensureRepository(restic, near);
  await copySnapshots(near, restic, { ids, flags: UNLOCKED, signal });
  if (both) await rm(join(request.folder, 'restic'), { recursive: true, force: true });
  const there = await snapshotsOfRun(restic, point);
  return captures.map((capture) => {
    const copy = there.get(capture.workload);
    if (copy?.tree === capture.digest) return { ...capture, snapshot: copy.id };
    throw new DrError({
      code: 'COPY-DIFFERS',
      where: `${capture.workload} in ${target.id}`,
      fact: copy
        ? `tree ${copy.tree} there, ${capture.digest} at the source`
        : 'restic ended 0 and the snapshot is not there',
      hint: `\`dr verify --repository ${source.id}\` says whether the source is whole; then export again`,
    });
  });
}
