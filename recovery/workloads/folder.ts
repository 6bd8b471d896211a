/** Folders: restored beside their place, counted, then swapped in by rename; what was there stays aside until all is verified. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isThere } from '../core/account.ts';
import { verificationFailed } from '../core/errors.ts';
import { restoreSnapshot } from '../engines/restic/actions.ts';
import { openRestic } from '../engines/restic/restic.ts';
import type { ResticCapture } from '../points/point.ts';
import type { RestoreItem } from './restore-plan.ts';
import { type RestoreContext, redo, step } from './restore-step.ts';

export interface FolderCount {
  readonly files: number;
  readonly bytes: number;
}

export async function countFolder(folder: string): Promise<FolderCount> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Beside the destination, on the same file system, so that the swap is a rename. */
export function besides(destination: string, id: string, what: 'new' | 'before'): string {
  return join(dirname(destination), `.${basename(destination)}.dr-${id}-${what}`);
}

/** Lays the snapshot down in `folder` as if it were the folder itself. Throws `FOLDER-DIFFERS` (exit 5) when files are missing. */
export async function layDown(
  context: Pick<RestoreContext, 'site' | 'source' | 'signal'>,
  item: Pick<RestoreItem, 'workload' | 'capture'>,
  folder: string,
  report: (detail: string) => void,
): Promise<FolderCount> {
  const capture = item.capture as ResticCapture;
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
      where: item.workload,
      fact: `restored ${found.files} files of ${found.bytes} bytes; the point holds ${capture.objects} of ${capture.bytes}`,
      hint: 'restore it from another repository with --from, or from an older point',
    });
  }
  return found;
}

export async function restoreFolder(context: RestoreContext, item: RestoreItem): Promise<FolderCount> {
  const { plan } = context;
  const fresh = besides(item.destination, plan.id, 'new');
  const before = besides(item.destination, plan.id, 'before');
  const own = ['copy', 'swap', 'verify'].map((name) => `${item.workload}/${name}`);
  if (!(await isThere(fresh)) && !(await isThere(item.destination)))
    await redo(context, own, `${item.destination} is gone`);
  const count = await step(context, item, `${item.workload}/copy`, 'copy files', (report) =>
    layDown(context, item, fresh, report),
  );
  await step(context, item, `${item.workload}/swap`, 'put in place', async () => {
    // Killed between the two renames: `fresh` is still there and the destination is not.
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
