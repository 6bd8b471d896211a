/**
 * A laid-down copy takes the place of what was there. The old data stays until everything is verified: beside a folder, which is swapped
 * by rename, or inside of a mount point, which can't be renamed and whose contents are swapped instead.
 */
import { chmod, chown, lstat, mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { ifAbsent, isThere } from '../core/absent.ts';
import { hasCode } from '../core/errors.ts';
import { dataBelow, layDown, OWN_PREFIX } from './lay-down.ts';
import { isMountPoint } from './mounts.ts';
import type { SnapshotItem } from './restore-plan.ts';
import { type RestoreContext, redo, stepResult } from './restore-step.ts';
import type { FolderCount } from './workload.ts';

/** Beside the destination, on the same file system, so that the swap is a rename. */
export function besides(destination: string, id: string, what: 'new' | 'before'): string {
  return join(dirname(destination), `.${basename(destination)}.dr-${id}-${what}`);
}

/** `placing`: the copy while its contents move in; only inside of a mount. */
function inside(mount: string, id: string, what: 'new' | 'before' | 'placing'): string {
  return join(mount, `${OWN_PREFIX}${id}-${what}`);
}

/** `newest`: of the last change of anything below the folder, nanoseconds of the file system's own clock. */
const laidSchema = z.strictObject({ files: z.number(), bytes: z.number(), newest: z.string() });
const placedSchema = laidSchema.pick({ newest: true });

/** Names, contents and modes of what lies below; the folder itself changes when it is moved. */
async function newestChange(folder: string): Promise<string> {
  let newest = 0n;
  for await (const { path } of dataBelow(folder)) {
    const { ctimeNs } = await lstat(path, { bigint: true });
    if (ctimeNs > newest) newest = ctimeNs;
  }
  return String(newest);
}

/**
 * Whether somebody has changed what an earlier run laid down: number and size of the files would not tell. Services may, which were started
 * because it was verified.
 */
async function isChanged(
  { journal }: RestoreContext,
  { tier }: SnapshotItem,
  folder: string,
  sealed: string | undefined,
): Promise<boolean> {
  if (sealed === undefined || !(await isThere(folder))) return false;
  const inUse = journal.entries.some(
    (entry) =>
      entry.event === 'step' &&
      entry.state === 'start' &&
      /^services\/.+\/start$/.test(entry.step) &&
      (entry.tier ?? '') >= tier,
  );
  return !inUse && BigInt(await newestChange(folder)) > BigInt(sealed);
}

export async function restoreFolder(context: RestoreContext, item: SnapshotItem): Promise<FolderCount> {
  const { plan, journal } = context;
  const { destination } = item;
  const isMount = await isMountPoint(destination);
  const fresh = isMount ? inside(destination, plan.id, 'new') : besides(destination, plan.id, 'new');
  const id = (name: string) => `${item.workload}/${name}`;
  const isPlaced = isMount
    ? journal.done(id('swap')) || (await isThere(inside(destination, plan.id, 'placing')))
    : await isThere(destination);
  const again = (why: string) => redo(context, ['copy', 'swap', 'verify'].map(id), why);
  const sealed = journal.result(id('swap'), placedSchema) ?? journal.result(id('copy'), laidSchema);
  const waits = await isThere(fresh);
  // While the contents of a mount move in, they change by that.
  const isMoving = isMount && !waits && !journal.done(id('swap'));
  if (!isPlaced && !waits) await again(`${destination} is gone`);
  else if (!isMoving && (await isChanged(context, item, waits ? fresh : destination, sealed?.data.newest)))
    await again(`${destination} was changed after it was laid down`);
  const copy = { item, id: id('copy'), what: 'copy files', result: laidSchema };
  const { files, bytes } = await stepResult(context, copy, async (report) => ({
    ...(await layDown(context, item, fresh, report)),
    newest: await newestChange(fresh),
  }));
  await stepResult(context, { item, id: id('swap'), what: 'put in place', result: placedSchema }, async () => {
    await (isMount ? swapContents(destination, plan.id) : swapFolder(destination, plan.id));
    return { newest: await newestChange(destination) };
  });
  return { files, bytes };
}

async function swapFolder(destination: string, id: string): Promise<void> {
  const [fresh, before] = [besides(destination, id, 'new'), besides(destination, id, 'before')];
  // Killed between the two renames: `fresh` still exists and the destination does not.
  if (!(await isThere(fresh))) return;
  if ((await isThere(destination)) && !(await isThere(before))) await rename(destination, before);
  if (await isThere(destination)) await rm(destination, { recursive: true });
  await rename(fresh, destination);
}

/** Names are bytes. `lost+found` belongs to the file system. */
async function namesIn(folder: string): Promise<Buffer[]> {
  const names = await readdir(folder, { encoding: 'buffer' });
  return names.filter((name) => !name.toString().startsWith(OWN_PREFIX) && name.toString() !== 'lost+found');
}

/** What `to` has already stays: then `from` holds a copy that was laid down and proved to be wrong. */
async function moveOut(from: string, to: string): Promise<void> {
  const kept = new Set((await namesIn(to)).map((name) => name.toString('latin1')));
  for (const name of await namesIn(from)) {
    if (kept.has(name.toString('latin1'))) await rm(at(from, name), { recursive: true });
    else await rename(at(from, name), at(to, name));
  }
}

const at = (folder: string, name: Buffer): Buffer => Buffer.concat([Buffer.from(`${folder}/`), name]);

async function moveAll(from: string, to: string): Promise<void> {
  for (const name of await namesIn(from)) await rename(at(from, name), at(to, name));
}

/** Out with the old contents, then in with the new. One rename between the two tells a later run how far this one came. */
async function swapContents(mount: string, id: string): Promise<void> {
  const [fresh, placing, before] = [
    inside(mount, id, 'new'),
    inside(mount, id, 'placing'),
    inside(mount, id, 'before'),
  ];
  if (await isThere(fresh)) {
    await mkdir(before, { recursive: true, mode: 0o700 });
    await moveOut(mount, before);
    await rename(fresh, placing);
  }
  if (!(await isThere(placing))) return;
  const { uid, gid, mode } = await stat(placing);
  await moveAll(placing, mount);
  if (process.getuid?.() === 0) await chown(mount, uid, gid);
  await chmod(mount, mode & 0o7777);
  await rmdir(join(placing, 'lost+found')).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
  await rmdir(placing);
}

/** Once everything is verified, what was there before may go, and so may what killed runs left. */
export async function dropBefore({ plan }: Pick<RestoreContext, 'plan'>): Promise<void> {
  for (const { destination } of plan.items) {
    const beside = { folder: dirname(destination), own: basename(besides(destination, plan.id, 'new')) };
    const within = { folder: destination, own: basename(inside(destination, plan.id, 'new')) };
    for (const { folder, own } of [beside, within]) {
      const names = await readdir(folder).catch(ifAbsent<string[]>([]));
      for (const name of names.filter((each) => each.startsWith(own.replace(/new$/, ''))))
        await rm(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
    }
  }
}
