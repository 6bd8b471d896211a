/** WAL in a repository: is it whole from a set onwards, how far does it reach, and when was the last commit in it. */
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { STANZA } from '../../../plan/layout.ts';
import { postgresSettings } from '../../config/environment.ts';
import type { Repository, Site } from '../../config/site.ts';
import { findPostgresBin } from '../../doctor/engines.ts';
import type { PostgresCapture } from '../../point.ts';
import type { PgBackRest } from './pgbackrest.ts';

/** Segments of 16 MiB: 256 of them share the upper 8 digits. */
const SEGMENTS_PER_LOG = 0x100;

/** The segment after `name` on the same timeline. */
export function nextSegment(name: string): string {
  const log = Number.parseInt(name.slice(8, 16), 16);
  const segment = Number.parseInt(name.slice(16, 24), 16) + 1;
  const [nextLog, next] = segment === SEGMENTS_PER_LOG ? [log + 1, 0] : [log, segment];
  return name.slice(0, 8) + hex(nextLog) + hex(next);
}

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

export interface WalRange {
  readonly timeline: number;
  /** Last segment that is reached from the set without a gap. */
  readonly last: string;
  /** The first segment that is missing although later ones are there. */
  readonly gap?: string;
  /** Segments in the range. */
  readonly count: number;
}

/**
 * Follows the segments from `start`, over timeline switches too (a switch keeps the position: the new timeline's segment has the
 * same number). Pure. Undefined when not even `start` is there.
 */
export function followWal(names: ReadonlySet<string>, start: string): WalRange | undefined {
  if (!names.has(start)) return undefined;
  const timelines = [...new Set([...names].map((n) => n.slice(0, 8)))].sort();
  let current = start;
  let count = 1;
  for (;;) {
    const next = nextSegment(current);
    const later = timelines.filter((t) => t > current.slice(0, 8));
    const switched = [...later]
      .reverse()
      .flatMap((t) => [t + next.slice(8), t + current.slice(8)])
      .find((n) => names.has(n));
    const following = names.has(next) ? next : switched;
    if (following === undefined) break;
    current = following;
    count += 1;
  }
  const beyond = [...names].some((n) => n.slice(0, 8) >= current.slice(0, 8) && n.slice(8) > current.slice(8));
  const range = { timeline: Number.parseInt(current.slice(0, 8), 16), last: current, count };
  return beyond ? { ...range, gap: nextSegment(current) } : range;
}

/**
 * Segment → file: `15-1/0000000100000000/0000000100000000000000A3-<sha1>.zst` holds `0000000100000000000000A3`. Partial and history files
 * are left out.
 */
export function segmentFiles(files: readonly string[]): Map<string, string> {
  const named = files.flatMap((file) => {
    const name = /\/([0-9A-F]{24})-[0-9a-f]{40}(?:\.\w+)?$/.exec(file)?.[1];
    return name === undefined ? [] : [[name, file] as const];
  });
  return new Map(named);
}

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
  return { files, range: followWal(new Set(files.keys()), capture.walStart) };
}

/** Bytes of one archived segment would tell nothing of time; `pg_waldump` names each commit's. Newest first, at most this many. */
const SEGMENTS_LOOKED_AT = 24;

function previousSegment(name: string): string {
  const log = Number.parseInt(name.slice(8, 16), 16);
  const segment = Number.parseInt(name.slice(16, 24), 16);
  const [newLog, previous] = segment === 0 ? [log - 1, SEGMENTS_PER_LOG - 1] : [log, segment - 1];
  return name.slice(0, 8) + hex(newLog) + hex(previous);
}

/** `… desc: COMMIT 2026-11-23 02:00:00.123456 UTC; …` in output made with TZ=UTC. */
function lastCommitTime(dump: string): Date | undefined {
  const stamps = [...dump.matchAll(/desc: COMMIT (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) UTC/g)];
  const last = stamps.at(-1)?.[1];
  if (last === undefined) return undefined;
  // Recovery to a time needs a commit after it: the millisecond before this one, where it has no digits beyond.
  const exact = /\.\d{3}0*[1-9]\d*$/.test(last) ? 0 : 1;
  return new Date(Date.parse(`${last.replace(' ', 'T')}Z`) - exact);
}

export interface WalEnd {
  /** Moment of the last commit that the archived WAL holds: no later time can be reached. */
  readonly time: Date;
  readonly segment: string;
}

/** `repo-get` decrypts and leaves the compression; `archive-get` would want a data directory, which a lost site has not. */
async function fetchSegment(pg: PgBackRest, repository: Repository, path: string, target: string): Promise<void> {
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

/** Reads the newest segments one by one until one holds a commit. Undefined when the last 24 hold none. */
export async function lastCommit(
  site: Site,
  pg: PgBackRest,
  repository: Repository,
  wal: { readonly files: ReadonlyMap<string, string>; readonly range: WalRange },
  first: string,
): Promise<WalEnd | undefined> {
  const folder = await mkdtemp(join(pg.folder, 'wal-'));
  await chmod(folder, 0o755);
  const waldump = join(await findPostgresBin(postgresSettings(site.environment).binDir), 'pg_waldump');
  try {
    let segment = wal.range.last;
    for (let looked = 0; looked < SEGMENTS_LOOKED_AT; looked += 1) {
      const path = wal.files.get(segment);
      if (path !== undefined) {
        const file = join(folder, segment);
        await fetchSegment(pg, repository, path, file);
        // Ends non-zero where the segment's valid part ends; what came before is right.
        const { stdout } = await site.run([waldump, '--rmgr=Transaction', file], {
          env: { TZ: 'UTC' },
          accept: [0, 1],
        });
        const time = lastCommitTime(stdout);
        if (time) return { time, segment };
      }
      if (segment.slice(8) <= first.slice(8)) return undefined;
      segment = previousSegment(segment);
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
