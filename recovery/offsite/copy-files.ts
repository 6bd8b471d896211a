/** Copies a point's restic snapshots into the off-site copy's own restic repository, which has its own passphrase. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { layout } from '../../plan/layout.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { copySnapshots, ensureRepository, ofTrees, snapshotsOfRun } from '../engines/restic/actions.ts';
import { openRestic, type Restic } from '../engines/restic/restic.ts';
import type { ResticCapture } from '../points/point.ts';
import { openPosixStore } from '../storage/posix/store.ts';

export interface CopySnapshotsRequest {
  readonly source: Repository;
  /** The off-site copy, with its layout. */
  readonly target: Repository;
  /** Id of the point: the tag `run` of its snapshots. */
  readonly point: string;
  readonly captures: readonly ResticCapture[];
  /** Private. The caller removes it. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Nobody else uses the copy yet, and the source may be read-only. */
const UNLOCKED = ['--no-lock'];

/** restic takes one pair of S3 keys, so it can't copy between two S3 repositories: the snapshots go through a folder. */
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

/** The captures with the copy's snapshot ids. Throws `COPY-DIFFERS` unless each tree equals the source's. */
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
  const there = await snapshotsOfRun(restic, point, ofTrees(captures));
  return captures.map((capture) => {
    const copy = there.get(capture.workload);
    if (copy !== undefined) return { ...capture, snapshot: copy.id };
    throw new DrError({
      code: 'COPY-DIFFERS',
      where: `${capture.workload} in ${target.id}`,
      fact: `restic exited 0, and no snapshot there has the tree ${capture.digest} of the source`,
      hint: `\`dr verify --repository ${source.id}\` says whether the source is intact; then export again`,
    });
  });
}
