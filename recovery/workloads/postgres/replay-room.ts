/** Ends a replay whose disk is full: pgBackRest asks again for minutes, and PostgreSQL keeps running. */
import { open, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { STANZA } from '../../../plan/layout.ts';
import { DrError, hasCode } from '../../core/errors.ts';

/** Less than this takes no segment of PostgreSQL's default size. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
const TAIL_BYTES = 16 * 1024;
const EVERY_MS = 2000;

/** The last of what pgBackRest has logged while it fetched WAL. It logs nothing before its first segment. */
async function lastLines(folder: string): Promise<string> {
  try {
    await using file = await open(join(folder, `log/${STANZA}-archive-get-async.log`));
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}

/**
 * `folder` is pgBackRest's own (`PgBackRest.folder`). For whoever waits for a replay: asked again and again, it looks every two seconds. Throws `DISK-FULL` with both signs:
 * pgBackRest had no room for a segment, and there is none now.
 */
export function watchRoom(folder: string): () => Promise<void> {
  let next = 0;
  return async () => {
    if (performance.now() < next) return;
    next = performance.now() + EVERY_MS;
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    if (free >= SEGMENT_BYTES) return;
    const said = await lastLines(folder);
    const refused = said.split('\n').findLast((line) => /\[28\] No space left on device|\[122\] Disk quota/.test(line));
    if (refused === undefined) return;
    throw new DrError({
      code: 'DISK-FULL',
      where: folder,
      fact: `no room for the next WAL segment (${free} bytes are free): ${refused.trim()}`,
      hint: 'make room there and run the same command again',
    });
  };
}
