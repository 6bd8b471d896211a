/** Snapshots as folders: restored beside the destination, counted, swapped in by rename. The old data stays until all is verified. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { Workload } from '../../plan/types.ts';
import type { Site } from '../config/site.ts';
import { isThere } from '../core/absent.ts';
import { makeReachableFolder } from '../core/account.ts';
import { hasCode, verificationFailed } from '../core/errors.ts';
import { restoreSnapshot } from '../engines/restic/actions.ts';
import { openRestic } from '../engines/restic/restic.ts';
import type { DestinationState, SnapshotItem } from './restore-plan.ts';
import { type Check, judged, type RestoreContext, redo, step, stepResult } from './restore-step.ts';
import type { FolderCount, TrialRequest, TrialResult, WorkloadType } from './workload.ts';

export async function countFolder(folder: string): Promise<FolderCount> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Throws what the file system throws for a folder that can't be read: it may hold anything. */
export async function folderState(path: string): Promise<DestinationState> {
  try {
    return (await readdir(path)).length > 0 ? 'occupied' : 'empty';
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return 'occupied';
    if (hasCode(error, 'ENOENT')) return 'absent';
    throw error;
  }
}

/** Beside the destination, on the same file system, so that the swap is a rename. */
export function besides(destination: string, id: string, what: 'new' | 'before'): string {
  return join(dirname(destination), `.${basename(destination)}.dr-${id}-${what}`);
}

/** The folder of a copy that a restore only lays down, for a person to use. */
export function restoredFolder(site: Site, { id }: Workload): string {
  return join(site.environment.stateDir, 'restored', id);
}

/** Lays the snapshot down in `folder` as if it were the folder itself. Throws `FOLDER-DIFFERS` (exit 5) when files are missing. */
export async function layDown(
  context: Pick<RestoreContext, 'site' | 'source' | 'signal'>,
  { workload, capture }: Pick<SnapshotItem, 'workload' | 'capture'>,
  folder: string,
  report: (detail: string) => void,
): Promise<FolderCount> {
  // A name of this run's own: restic of a run that was killed may still be at work in another.
  const scratch = `${folder}.${process.pid}`;
  await rm(scratch, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  const restic = openRestic(context.site, context.source, 'restorer');
  await restoreSnapshot(restic, {
    snapshot: capture.snapshot,
    folder: scratch,
    onLine: (line) => report(line),
    signal: context.signal,
  });
  await rename(join(scratch, capture.path), folder);
  await rm(scratch, { recursive: true, force: true });
  const found = await countFolder(folder);
  if (found.files !== capture.objects || found.bytes !== capture.bytes) {
    throw verificationFailed({
      code: 'FOLDER-DIFFERS',
      where: workload,
      fact: `restored ${found.files} files of ${found.bytes} bytes; the point holds ${capture.objects} of ${capture.bytes}`,
      hint: 'restore it from another repository with --from, or from an older point',
    });
  }
  return found;
}

const folderCount = z.strictObject({ files: z.number(), bytes: z.number() });

export async function restoreFolder(context: RestoreContext, item: SnapshotItem): Promise<FolderCount> {
  const { plan } = context;
  const fresh = besides(item.destination, plan.id, 'new');
  const before = besides(item.destination, plan.id, 'before');
  const id = (name: string) => `${item.workload}/${name}`;
  if (!(await isThere(fresh)) && !(await isThere(item.destination)))
    await redo(context, ['copy', 'swap', 'verify'].map(id), `${item.destination} is gone`);
  const copy = { item, id: id('copy'), what: 'copy files', result: folderCount };
  const count = await stepResult(context, copy, (report) => layDown(context, item, fresh, report));
  await step(context, { item, id: id('swap'), what: 'put in place' }, async () => {
    // Killed between the two renames: `fresh` still exists and the destination does not.
    if (!(await isThere(fresh))) return;
    if ((await isThere(item.destination)) && !(await isThere(before))) await rename(item.destination, before);
    if (await isThere(item.destination)) await rm(item.destination, { recursive: true });
    await rename(fresh, item.destination);
  });
  return count;
}

/** Once everything is verified, what was there before may go, and so may what killed runs left. */
export async function dropBefore({ plan }: RestoreContext): Promise<void> {
  for (const { destination } of plan.items) {
    const folder = dirname(destination);
    const own = basename(besides(destination, plan.id, 'new')).replace(/new$/, '');
    for (const name of (await readdir(folder)).filter((n) => n.startsWith(own)))
      await rm(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * A trial restore of a snapshot: laid down in the scratch folder, asked, and removed.
 * @param ask Gets the item with its scratch folder as the destination.
 */
export async function trySnapshot(
  site: Site,
  item: SnapshotItem,
  { repository, scratch, report, signal }: TrialRequest,
  ask: (tried: SnapshotItem) => Promise<readonly Check[]>,
): Promise<TrialResult> {
  const place = join(scratch.folder, 'files');
  const destination = join(place, item.workload);
  // A server of the trial runs as the engines' account and must get here; what lies below has its own modes.
  await makeReachableFolder(site.environment.stateDir, place, site.environment.runAs);
  // A cache of its own: what is tried must come from the repository.
  const aside: Site = { ...site, environment: { ...site.environment, stateDir: scratch.folder } };
  try {
    await layDown({ site: aside, source: repository, signal }, item, destination, report);
    return { checks: await ask({ ...item, destination }) };
  } finally {
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The answers of a type whose snapshot is the folder itself, with nothing to do but to put it in its place. */
export function folderType(checks: WorkloadType['checks']) {
  return {
    engines: ['restic'],
    needs: async (_, { destination, capture }) => [{ path: destination, bytes: capture.bytes }],
    async restore(context, item) {
      await restoreFolder(context, item);
      return undefined;
    },
    checks,
    trial: (site, item, request) =>
      trySnapshot(site, item, request, async (tried) => judged(tried, await checks(site, tried))),
  } as const satisfies Omit<WorkloadType, 'destination'>;
}
