/** The damaged data directory is evidence, and may hold what no dump has read: it is kept beside the restored one where there is room. */
import { readdir, rename, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { hasCode, messageOf } from '../../core/errors.ts';
import { shellWord } from '../../core/quote.ts';
import { formatBytes } from '../../report/format.ts';
import type { SetItem } from '../restore-plan.ts';
import { type RestoreContext, stepResult } from '../restore-step.ts';
import { bytesBelow } from './size.ts';

const keptSchema = z.strictObject({
  /** What was kept and where, or why it was not. */
  note: z.string(),
  path: z.string().optional(),
});

/** Room for the whole set, and a tenth for its WAL. */
const ROOM = 1.1;

async function keep(planId: string, { destination, capture }: SetItem): Promise<z.infer<typeof keptSchema>> {
  const names = await readdir(destination).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  if (names.length === 0) return { note: `${destination} held nothing to keep` };
  const disk = await statfs(dirname(destination));
  const [free, needed] = [disk.bavail * disk.bsize, Math.ceil(capture.bytes * ROOM)];
  const taken = formatBytes(await bytesBelow(destination));
  if (free < needed) {
    const room = `a restore beside it needs ${formatBytes(needed)}, and ${formatBytes(free)} are free`;
    return { note: `the damaged data directory (${taken}) was not kept: ${room}` };
  }
  const path = `${destination}.damaged-${planId}`;
  try {
    await rename(destination, path);
  } catch (error) {
    // A mount point can't be renamed, nor a folder in one that is closed to this user.
    if (!hasCode(error, 'EBUSY', 'EXDEV', 'EACCES', 'EPERM', 'EROFS')) throw error;
    return { note: `the damaged data directory (${taken}) was not kept: ${messageOf(error)}` };
  }
  const remove = `rm -rf ${shellWord(path)}`;
  return { note: `the damaged data directory is kept in ${path} and takes ${taken}; remove it: ${remove}`, path };
}

/** Moves it aside, once. Undefined where nobody asked for it. */
export async function keepDamaged(context: RestoreContext, item: SetItem): Promise<string | undefined> {
  if (context.plan.keepDamaged !== true) return undefined;
  const step = { item, id: `${item.workload}/keep`, what: 'keep the damaged data directory', result: keptSchema };
  const { note } = await stepResult(context, step, async (report) => {
    const kept = await keep(context.plan.id, item);
    report(kept.note);
    return kept;
  });
  return note;
}
