import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentOfName } from '../../points/wal.ts';
import type { RestoreItem } from '../restore-plan.ts';
import type { DiskNeed } from '../workload.ts';
import { unshipped } from './rescue-wal.ts';

const SEGMENT = 16 * 1024 * 1024;
/** `max_wal_size` is 1 GB unless somebody has set it: replay keeps as much before it makes a restart point. */
const MOST_SEGMENTS = 64;
/** pgBackRest fetches this much ahead of the replay (`archive-get-queue-max`). */
const FETCHED_AHEAD = 128 * 1024 * 1024;

async function sizeBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        (found) => found.size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Bytes of WAL between the set's beginning and the archive's end. */
function walBytes(item: Pick<RestoreItem, 'capture' | 'walLast'>): number {
  if (item.capture.engine !== 'pgbackrest') return 0;
  const last = item.walLast ?? item.capture.walStop;
  return (segmentOfName(last) - segmentOfName(item.capture.walStart) + 1) * SEGMENT;
}

/** In place: what is there already is overwritten, file by file. */
export async function postgresNeeds(item: RestoreItem, stateDir: string): Promise<DiskNeed[]> {
  const wal = walBytes(item);
  const there = await sizeBelow(item.destination);
  const saved = unshipped(await readdir(join(item.destination, 'pg_wal')).catch(() => []), item.walLast);
  return [
    { path: item.destination, bytes: Math.max(0, item.capture.bytes - there) + Math.min(wal, MOST_SEGMENTS * SEGMENT) },
    { path: stateDir, bytes: Math.min(wal, FETCHED_AHEAD) + saved.length * SEGMENT },
  ];
}
