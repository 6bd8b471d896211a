/** WAL in a repository: is it whole from a set onwards, how far does it reach, and when was the last commit in it. */
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { STANZA } from '../../../plan/layout.ts';
import { lookUpAccount } from '../../adapters/account.ts';
import { findPostgresBin } from '../../doctor/engines.ts';
import type { PostgresCapture } from '../../point.ts';
import type { Repository, Site } from '../../site.ts';
import { type PgBackRest, postgresSettings } from './pgbackrest.ts';

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
    const switched = [...later].reverse().flatMap((t) => [t + next.slice(8), t + current.slice(8)]).find((n) => names.has(n));
    const following = names.has(next) ? next : switched;
    if (following === undefined) break;
    current = following;
    count += 1;
  }
  const beyond = [...names].some((n) => n.slice(0, 8) >= current.slice(0, 8) && n.slice(8) > current.slice(8));
  const range = { timeline: Number.parseInt(current.slice(0, 8), 16), last: current, count };
  return beyond ? { ...range, gap: nextSegment(current) } : range;
}

/** `0000000100000000000000A3` of `15-1/0000000100000000/0000000100000000000000A3-<sha1>.zst`. Partial and history files are left out. */
export function segmentNames(files: readonly string[]): Set<string> {
  return new Set(files.flatMap((file) => /\/([0-9A-F]{24})-[0-9a-f]{40}(?:\.\w+)?$/.exec(file)?.[1] ?? []));
}

/** Undefined when the WAL that the set itself needs is not all there. */
export async function walOf(pg: PgBackRest, repository: Repository, capture: PostgresCapture): Promise<WalRange | undefined> {
  const files = await pg.list(repository, `archive/${STANZA}`);
  return followWal(segmentNames(files), capture.walStart);
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
export function lastCommitTime(dump: string): Date | undefined {
  const stamps = [...dump.matchAll(/desc: COMMIT (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) UTC/g)];
  const last = stamps.at(-1)?.[1];
  return last === undefined ? undefined : new Date(`${last.replace(' ', 'T')}Z`);
}

export interface WalEnd {
  /** Moment of the last commit that the archived WAL holds: no later time can be reached. */
  readonly time: Date;
  readonly segment: string;
}

/** Fetches the newest segments one by one until one holds a commit. Undefined when the last 24 hold none. */
export async function lastCommit(
  site: Site,
  pg: PgBackRest,
  repository: Repository,
  range: WalRange,
  first: string,
): Promise<WalEnd | undefined> {
  const folder = await mkdtemp(join(pg.folder, 'wal-'));
  const account = await lookUpAccount(site.environment.runAs);
  if (account) await chown(folder, account.uid, account.gid);
  try {
    let segment = range.last;
    for (let looked = 0; looked < SEGMENTS_LOOKED_AT; looked += 1) {
      const file = join(folder, segment);
      const args = [`--repo=${pg.number(repository)}`, '--no-archive-async', segment, file];
      await pg.run('archive-get', args, { accept: [0, 1] });
      const { waldump, as } = await waldumpOf(site);
      // Ends non-zero where the segment's valid part ends; what came before is right.
      const { stdout } = await site.run([waldump, '--rmgr=Transaction', file], { as, env: { TZ: 'UTC' }, accept: [0, 1] });
      const time = lastCommitTime(stdout);
      if (time) return { time, segment };
      if (segment.slice(8) <= first.slice(8)) return undefined;
      segment = previousSegment(segment);
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function waldumpOf(site: Site): Promise<{ waldump: string; as: string | undefined }> {
  const bin = await findPostgresBin(postgresSettings(site.environment).binDir);
  return { waldump: join(bin, 'pg_waldump'), as: site.environment.runAs };
}
