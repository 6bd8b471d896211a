/** WAL in a repository: is it whole from a set onwards, how far does it reach, and when was the last commit in it. */
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { STANZA } from '../../../plan/layout.ts';
import { postgresSettings } from '../../config/environment.ts';
import type { Repository, Site } from '../../config/site.ts';
import { type Micros, parseMicros } from '../../points/moment.ts';
import type { PostgresCapture } from '../../points/point.ts';
import { followWal, segmentFiles, type WalRange } from '../../points/wal.ts';
import { previousSegment, type SegmentBytes, segmentBytesOf } from '../../points/wal-segment.ts';
import { findPostgresBin } from '../find.ts';
import type { PgBackRest } from './pgbackrest.ts';

export interface WalInRepository {
  readonly files: ReadonlyMap<string, string>;
  /** Undefined when not even the segment that the set begins with is there. */
  readonly range: WalRange | undefined;
}

export async function walOf(
  pg: PgBackRest,
  repository: Repository,
  capture: PostgresCapture,
): Promise<WalInRepository> {
  const files = segmentFiles(await pg.list(repository, `archive/${STANZA}`));
  return { files, range: followWal(new Set(files.keys()), capture.walStart, segmentBytesOf(capture)) };
}

/**
 * The bytes of a segment hold no time; `pg_waldump` names that of each commit. `archive_timeout` ships segments without a commit while
 * nobody writes; after so many of them in a row the end of the set has to do.
 */
const SEGMENTS_READ = 24;

/** `… desc: COMMIT 2026-11-23 02:00:00.123456 UTC; …` in output made with TZ=UTC. */
function lastCommitTime(dump: string): Micros | undefined {
  const stamps = [...dump.matchAll(/desc: COMMIT (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) UTC/g)];
  const last = stamps.at(-1)?.[1];
  // Recovery to a time needs a commit after it.
  return last === undefined ? undefined : parseMicros(`${last.replace(' ', 'T')}Z`) - 1;
}

export interface WalEnd {
  /** The microsecond before the last commit that the archived WAL holds: no later time can be reached. */
  readonly time: Micros;
  readonly segment: string;
}

/** `repo-get` decrypts and leaves the compression; `archive-get` would want a data directory, which a lost site has not. */
export async function fetchSegment(
  pg: PgBackRest,
  repository: Repository,
  path: string,
  target: string,
): Promise<void> {
  const raw = `${target}.raw`;
  await pg.run(
    'repo-get',
    [
      `--repo=${pg.number(repository)}`,
      `archive/${STANZA}/${path}`,
      '--log-level-console=off',
      '--log-level-stderr=error',
    ],
    { stdoutFile: raw },
  );
  const unpack = path.endsWith('.zst') ? [createZstdDecompress()] : path.endsWith('.gz') ? [createGunzip()] : [];
  await pipeline([createReadStream(raw), ...unpack, createWriteStream(target, { mode: 0o644 })]);
}

export interface ArchivedWal {
  readonly repository: Repository;
  /** Segment → file. */
  readonly files: ReadonlyMap<string, string>;
  readonly range: WalRange;
  /** Segment before which nothing is read. */
  readonly first: string;
  readonly segmentBytes: SegmentBytes;
}

/** Reads the newest segments one by one until one holds a commit. Undefined when the last 24 hold none. */
export async function lastCommit(site: Site, pg: PgBackRest, wal: ArchivedWal): Promise<WalEnd | undefined> {
  const folder = await mkdtemp(join(pg.folder, 'wal-'));
  await chmod(folder, 0o755);
  const waldump = join(await findPostgresBin(postgresSettings(site.environment).binDir), 'pg_waldump');
  try {
    let segment = wal.range.last;
    for (let read = 0; read < SEGMENTS_READ; read += 1) {
      const path = wal.files.get(segment);
      if (path !== undefined) {
        const file = join(folder, segment);
        await fetchSegment(pg, wal.repository, path, file);
        // Ends non-zero where the segment's valid part ends; what came before is right.
        const { stdout } = await site.run([waldump, '--rmgr=Transaction', file], {
          env: { TZ: 'UTC' },
          accept: [0, 1],
        });
        const time = lastCommitTime(stdout);
        if (time !== undefined) return { time, segment };
      }
      if (segment.slice(8) <= wal.first.slice(8)) return undefined;
      segment = previousSegment(segment, wal.segmentBytes);
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
