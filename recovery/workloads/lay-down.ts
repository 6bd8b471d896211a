/** Snapshots as folders: what is in one, how one is laid down, and how it is kept from leading out of itself. */
import { readdir, readlink, rename, rm, stat, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { ifAbsent } from '../core/absent.ts';
import { makePassableFolder } from '../core/account.ts';
import { hasCode, verificationFailed } from '../core/errors.ts';
import { type Entry, entriesBelow, isWithin, surveyLinks } from '../core/links.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { restoreSnapshot } from '../engines/restic/restore.ts';
import type { DestinationState, SnapshotItem } from './restore-plan.ts';
import type { RestoreContext } from './restore-step.ts';
import type { FolderCount } from './workload.ts';

/** Begins the names that `dr` uses inside of a folder of somebody else. They are no data: no copy holds them, and no count. */
export const OWN_PREFIX = '.go-coffee-dr-';
/** Made by the file system, not by whoever uses it. */
const NO_DATA = 'lost+found';

/** The entries of a folder, without `dr`'s own. */
export async function* dataBelow(folder: string): AsyncGenerator<Entry> {
  for await (const entry of entriesBelow(folder)) if (!entry.relative.toString().startsWith(OWN_PREFIX)) yield entry;
}

export async function countFolder(folder: string): Promise<FolderCount> {
  let [files, bytes] = [0, 0];
  for await (const { path, kind } of dataBelow(folder)) {
    if (kind !== 'file') continue;
    files += 1;
    bytes += (await stat(path)).size;
  }
  return { files, bytes };
}

export async function folderState(path: string): Promise<DestinationState> {
  try {
    return (await readdir(path)).some((name) => name !== NO_DATA) ? 'occupied' : 'empty';
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'absent';
    if (hasCode(error, 'ENOTDIR')) return 'occupied';
    throw error;
  }
}

/** What killed runs have left: each try would need the room once more. A restic that is still at work in one may make it again. */
async function dropScratch(folder: string): Promise<void> {
  const own = `${basename(folder)}.`;
  const names = await readdir(dirname(folder)).catch(ifAbsent<string[]>([]));
  for (const name of names.filter((each) => each.startsWith(own) && /^\d+$/.test(each.slice(own.length))))
    await rm(join(dirname(folder), name), { recursive: true, force: true, maxRetries: 5 }).catch(ignoreNotEmpty);
}

function ignoreNotEmpty(error: unknown): void {
  if (!hasCode(error, 'ENOTEMPTY')) throw error;
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
  await dropScratch(folder);
  await rm(folder, { recursive: true, force: true });
  await makePassableFolder(dirname(folder));
  const restic = openRestic(context.site, context.source, 'restorer');
  try {
    await restoreSnapshot(restic, {
      snapshot: capture.snapshot,
      folder: scratch,
      onLine: (line) => report(line),
      signal: context.signal,
    });
  } catch (error) {
    await dropScratch(folder);
    throw error;
  }
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

/**
 * Links of a laid-down copy that would lead out of it are taken away, for the copy does not hold what they lead to; those that name the
 * original folder lead into the copy instead. What a trial then reads is the copy, and nothing of the living platform.
 */
export async function keepLinksInside(folder: string, originals: readonly string[]): Promise<void> {
  for await (const { path, kind } of entriesBelow(folder)) {
    if (kind !== 'link') continue;
    const target = await readlink(path);
    const original = isAbsolute(target) ? originals.find((each) => isWithin(each, target)) : undefined;
    if (original === undefined) continue;
    await unlink(path);
    await symlink(join(folder, target.slice(original.length)), path);
  }
  for (const { link } of (await surveyLinks(folder)).out) await unlink(join(folder, link));
}
