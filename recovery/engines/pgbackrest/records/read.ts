/**
 * Reads archived WAL record by record, by the `pg_waldump` of this host's PostgreSQL. Bounded: a few segments lie on the disk at a time,
 * and no output is kept.
 */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import type { Site } from '../../../config/site.ts';
import { DrError } from '../../../core/errors.ts';
import { parseLsn, placeOfSegment, type SegmentBytes } from '../../../points/wal-segment.ts';
import { findPostgresBin } from '../../find.ts';
import { parseRecord, type WalRecord } from './record.ts';

export interface WalSource {
  readonly site: Site;
  /** For people: id of the repository, or what else it is read from. */
  readonly where: string;
  /** For temporary files. */
  readonly folder: string;
  /** Copies a segment to a file. */
  readonly fetch: (segment: string, target: string) => Promise<void>;
  readonly segmentBytes: SegmentBytes;
  readonly signal?: AbortSignal | undefined;
}

/** On the disk at a time, and read by one run of `pg_waldump`. */
const BATCH_BYTES = 128 * 1024 * 1024;
const FETCHED_AT_ONCE = 4;
/** A commit that drops a hundred thousand tables has a line of some megabytes. */
const LINE_CHARACTERS = 16 * 1024 * 1024;

/** pg_waldump says so where the WAL ends, and where it is damaged. */
export interface ReadEnd {
  /** Of the last record that was read; undefined for none. */
  readonly last?: string;
  /** What pg_waldump said when it stopped before the end of the segments. */
  readonly stopped?: string;
}

export interface WalReader {
  /**
   * Reads the records that begin in these segments, which must follow each other, oldest first. `next` is the segment after them, where
   * the last record may end; absent where there is none.
   */
  read(segments: readonly string[], next: string | undefined, onRecord: (record: WalRecord) => void): Promise<ReadEnd>;
}

export async function withWalReader<T>(source: WalSource, use: (reader: WalReader) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(source.folder, 'wal-'));
  const { external, postgres } = source.site.environment;
  try {
    await chmod(folder, 0o755);
    const program = join(await findPostgresBin(external?.postgres?.binDir ?? postgres?.binDir), 'pg_waldump');
    return await use({
      read: (segments, next, onRecord) => readAll({ source, folder, program }, segments, next, onRecord),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Opened {
  readonly source: WalSource;
  readonly folder: string;
  readonly program: string;
}

async function readAll(
  opened: Opened,
  segments: readonly string[],
  next: string | undefined,
  onRecord: (record: WalRecord) => void,
): Promise<ReadEnd> {
  const size = Math.max(1, Math.floor(BATCH_BYTES / opened.source.segmentBytes));
  let end: ReadEnd = {};
  for (let n = 0; n < segments.length; ) {
    // One run of pg_waldump reads one timeline.
    const timeline = segments[n]?.slice(0, 8);
    const other = segments.findIndex((name, at) => at > n && name.slice(0, 8) !== timeline);
    const batch = segments.slice(n, Math.min(n + size, other < 0 ? segments.length : other));
    n += batch.length;
    const read = await readBatch(opened, batch, segments[n] ?? next, onRecord);
    end = { ...end, ...read };
    if (read.stopped !== undefined) return end;
  }
  return end;
}

/** Leaves what is needed, fetches what is missing, removes the rest. */
async function lay({ source, folder }: Opened, wanted: readonly string[]): Promise<void> {
  const there = new Set(await readdir(folder));
  for (const name of there) if (!wanted.includes(name)) await rm(join(folder, name), { force: true });
  const missing = wanted.filter((name) => !there.has(name));
  await pMap(missing, (name) => source.fetch(name, join(folder, name)), {
    concurrency: FETCHED_AT_ONCE,
    ...(source.signal ? { signal: source.signal } : {}),
  });
}

/** Lines of one stream as records: a very long line comes in parts. */
function recordsOf(onRecord: (record: WalRecord) => void): { line: (text: string) => void; end: () => void } {
  let open = '';
  const end = (): void => {
    const record = open === '' ? undefined : parseRecord(open);
    open = '';
    if (record !== undefined) onRecord(record);
  };
  const line = (text: string): void => {
    if (!text.startsWith('rmgr: ')) {
      if (open !== '' && open.length < LINE_CHARACTERS) open += text;
      return;
    }
    end();
    open = text;
  };
  return { line, end };
}

const STOPPED = /^pg_waldump: (?:fatal|error): (.*)$/m;

async function readBatch(
  { source, folder, program }: Opened,
  batch: readonly string[],
  next: string | undefined,
  onRecord: (record: WalRecord) => void,
): Promise<ReadEnd> {
  const [first, last] = [batch[0], batch.at(-1)];
  if (first === undefined || last === undefined) return {};
  // A timeline switch: the new segment repeats what the old one holds before it, and no record leads from one into the other.
  const follows = next?.slice(0, 8) === last.slice(0, 8) ? next : undefined;
  await lay({ source, folder, program }, follows === undefined ? batch : [...batch, follows]);
  const until = placeOfSegment(last, source.segmentBytes).end;
  let seen: string | undefined;
  const records = recordsOf((record) => {
    if (parseLsn(record.lsn) >= until) return;
    seen = record.lsn;
    onRecord(record);
  });
  const end = follows ?? last;
  const files = end === first ? [join(folder, first)] : [join(folder, first), join(folder, end)];
  const ended = await source.site.run([program, ...files], {
    env: { TZ: 'UTC' },
    keep: 'ends',
    // It ends non-zero where the valid part of a segment ends; what came before is right.
    accept: [0, 1],
    onLine: (line, stream) => {
      if (stream === 'stdout') records.line(line);
    },
    signal: source.signal,
  });
  records.end();
  const said = STOPPED.exec(ended.stderr)?.[1];
  if (
    seen === undefined &&
    said !== undefined &&
    /could not find (?:a valid record|file)|not a valid|WAL segment size/.test(said)
  )
    throw new DrError({
      code: 'WAL-UNREADABLE',
      where: `${first} in ${source.where}`,
      fact: `pg_waldump can't read it: ${said}`,
      hint: '`dr verify` says whether the archive is damaged; name another repository with --repository',
    });
  const isShort = seen === undefined || parseLsn(seen) < placeOfSegment(last, source.segmentBytes).start;
  return {
    ...(seen === undefined ? {} : { last: seen }),
    ...(said !== undefined && isShort ? { stopped: said } : {}),
  };
}
