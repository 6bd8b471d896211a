/** Copies the restic snapshots of points into another restic repository, which has its own passphrase. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { layout } from '../../plan/layout.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { copySnapshots, ensureRepository } from '../engines/restic/actions.ts';
import type { Snapshot } from '../engines/restic/output.ts';
import { openRestic, type Restic } from '../engines/restic/restic.ts';
import type { ResticCapture } from '../points/point.ts';
import { openPosixStore } from '../storage/posix/store.ts';

/** The snapshots of one point. */
export interface SnapshotsOf {
  /** Its id: the tag `run` of its snapshots. */
  readonly point: string;
  readonly captures: readonly ResticCapture[];
}

export interface CopySnapshotsRequest {
  readonly source: Repository;
  /** The off-site copy, with its layout. */
  readonly target: Repository;
  readonly points: readonly SnapshotsOf[];
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
  await copySnapshots(source, restic, { ids: idsOf(request), flags: UNLOCKED, signal: request.signal });
  return restic;
}

const idsOf = ({ points }: CopySnapshotsRequest): string[] =>
  points.flatMap(({ captures }) => captures.map(({ snapshot }) => snapshot));

/** The run, the workload and the tree: what a copy has in common with its original. */
const nameOf = (point: string, workload: string, tree: string): string => `${point} ${workload} ${tree}`;

/** The ids of snapshots by their names. Anybody who may write can put one with these tags there, but none with the same tree. */
function byName(snapshots: readonly Snapshot[]): Map<string, string> {
  const tag = ({ tags }: Snapshot, name: string) =>
    tags?.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  return new Map(snapshots.map((each) => [nameOf(tag(each, 'run'), tag(each, 'workload'), each.tree), each.id]));
}

/** By point: its captures with the copy's snapshot ids. Throws `COPY-DIFFERS` unless each tree equals the source's. */
export async function copySnapshotsOf(
  site: Site,
  request: CopySnapshotsRequest,
): Promise<ReadonlyMap<string, readonly ResticCapture[]>> {
  const { source, target, points, signal } = request;
  if (idsOf(request).length === 0) return new Map();
  const far = openRestic(site, source, 'restorer');
  const both = source.settings.type === 's3' && target.settings.type === 's3';
  const near = both ? await byFolder(site, far, target, request) : far;
  const ids = both ? (await near.snapshots()).map(({ id }) => id) : idsOf(request);
  const restic = openRestic(site, target, 'writer');
  await ensureRepository(restic, near);
  await copySnapshots(near, restic, { ids, flags: UNLOCKED, signal });
  if (both) await rm(join(request.folder, 'restic'), { recursive: true, force: true });
  const there = byName(await restic.snapshots());
  const copyOf = (point: string, capture: ResticCapture): ResticCapture => {
    const snapshot = there.get(nameOf(point, capture.workload, capture.digest));
    if (snapshot !== undefined) return { ...capture, snapshot };
    throw new DrError({
      code: 'COPY-DIFFERS',
      where: `${capture.workload} in ${target.id}`,
      fact: `restic exited 0, and no snapshot there has the tree ${capture.digest} of the source`,
      hint: `\`dr verify --repository ${source.id}\` says whether the source is intact; then export again`,
    });
  };
  return new Map(points.map(({ point, captures }) => [point, captures.map((each) => copyOf(point, each))]));
}
