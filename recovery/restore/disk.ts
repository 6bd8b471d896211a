/** How much a restore adds to each file system, and whether that is free. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Environment } from '../config/environment.ts';
import type { Site } from '../config/site.ts';
import { precondition } from '../core/errors.ts';
import { segmentOfName } from '../points/wal.ts';
import { formatBytes } from '../report/format.ts';
import type { RestoreItem, RestorePlan } from './plan-types.ts';
import { unshipped } from './rescue-wal.ts';
import { localFolder } from './steps/git.ts';

const SEGMENT = 16 * 1024 * 1024;
/** `max_wal_size` is 1 GB unless somebody has set it: replay keeps as much before it makes a restart point. */
const MOST_SEGMENTS = 64;
/** pgBackRest fetches this much ahead of the replay (`archive-get-queue-max`). */
const FETCHED_AHEAD = 128 * 1024 * 1024;

export interface DiskNeed {
  readonly path: string;
  readonly bytes: number;
}

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
async function postgresNeeds(item: RestoreItem, stateDir: string): Promise<DiskNeed[]> {
  const wal = walBytes(item);
  const there = await sizeBelow(item.destination);
  const saved = unshipped(await readdir(join(item.destination, 'pg_wal')).catch(() => []), item.walLast);
  return [
    { path: item.destination, bytes: Math.max(0, item.capture.bytes - there) + Math.min(wal, MOST_SEGMENTS * SEGMENT) },
    { path: stateDir, bytes: Math.min(wal, FETCHED_AHEAD) + saved.length * SEGMENT },
  ];
}

/** Files lie beside what they replace until all is verified. */
async function needsOf(environment: Environment, item: RestoreItem): Promise<DiskNeed[]> {
  const { bytes } = item.capture;
  switch (item.type) {
    case 'postgres':
      return postgresNeeds(item, environment.stateDir);
    case 'redis':
      // Beside it, and then as dump.rdb and as the base of the append-only file.
      return [{ path: item.destination, bytes: 3 * bytes }];
    case 'git': {
      const made = (environment.git?.repositories ?? []).flatMap(({ url }) => localFolder(url) ?? []);
      return [item.destination, ...made].map((path) => ({ path, bytes }));
    }
    default:
      return [{ path: item.destination, bytes }];
  }
}

async function nearestExisting(path: string): Promise<string> {
  return stat(path).then(
    () => path,
    () => (path === '/' ? '/' : nearestExisting(dirname(path))),
  );
}

/** Throws `DISK-TOO-SMALL` (exit 6) for the first file system that has less. */
export async function checkDisk(site: Site, plan: RestorePlan): Promise<void> {
  const all = (await Promise.all(plan.items.map((item) => needsOf(site.environment, item)))).flat();
  const needs = new Map<number, { path: string; needed: number; free: number }>();
  for (const { path, bytes } of all) {
    const there = await nearestExisting(path);
    const [{ dev }, fs] = [await stat(there), await statfs(there)];
    const need = needs.get(dev) ?? { path: there, needed: 0, free: fs.bavail * fs.bsize };
    need.needed += bytes;
    needs.set(dev, need);
  }
  for (const { path, needed, free } of needs.values()) {
    if (needed <= free) continue;
    throw precondition({
      code: 'DISK-TOO-SMALL',
      where: path,
      fact: `the restore needs ${formatBytes(needed)} there and ${formatBytes(free)} are free`,
      hint: 'make room, or restore in parts with --only',
    });
  }
}
