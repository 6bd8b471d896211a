/**
 * The arithmetic of WAL positions and segment names: the only place that knows it. Pure. A segment has 16 MiB unless the cluster was made
 * with another `--wal-segsize` (1 MiB to 1 GiB), so nothing here works without that size.
 */
import { DrError } from '../core/errors.ts';
import type { PostgresCapture } from './point.ts';

const MIB = 1024 * 1024;

/** Bytes of a segment: a power of two from 1 MiB to 1 GiB. The server gives it as `wal_segment_size`. */
export type SegmentBytes = number;

/** What `initdb` takes when nobody asks for another size. */
export const DEFAULT_SEGMENT_BYTES: SegmentBytes = 16 * MIB;

const SIZES: readonly SegmentBytes[] = Array.from({ length: 11 }, (_, n) => MIB * 2 ** n);

/** Throws `WAL-SEGMENT-SIZE` for what no server has. */
export function toSegmentBytes(value: unknown): SegmentBytes {
  const found = SIZES.find((size) => size === Number(value));
  if (found !== undefined) return found;
  throw new DrError({
    code: 'WAL-SEGMENT-SIZE',
    where: 'postgres',
    fact: `${JSON.stringify(value)} is not the size of a WAL segment: a power of two from 1 MiB to 1 GiB`,
    hint: 'this is a bug in dr: please report it',
  });
}

/** Bytes from the start of the WAL. */
export type Lsn = bigint;

/** `0/3000060` */
export function parseLsn(text: string): Lsn {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text.trim());
  if (match === null) {
    const fact = `${JSON.stringify(text)} is not a WAL position (LSN)`;
    throw new DrError({
      code: 'LSN',
      where: 'postgres',
      fact,
      hint: 'this is a bug in dr: please report it',
    });
  }
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

const upperHex = (part: bigint | number): string => part.toString(16).toUpperCase();
const eightDigits = (part: bigint | number): string => upperHex(part).padStart(8, '0');

export function formatLsn(lsn: Lsn): string {
  return `${upperHex(lsn >> 32n)}/${upperHex(lsn & 0xffff_ffffn)}`;
}

const PAGE_BYTES = 8192n;
/** Headers of a page, and of the first page of a segment. */
const [SHORT_HEADER, LONG_HEADER] = [24n, 40n];

/**
 * Where the last record ends, by where the next one will be inserted: at the start of a page or a segment that lies behind a header, which
 * nobody writes or sends before the record itself.
 */
export function endOfWritten(insert: Lsn, bytes: SegmentBytes): Lsn {
  if (insert % BigInt(bytes) === LONG_HEADER) return insert - LONG_HEADER;
  return insert % PAGE_BYTES === SHORT_HEADER ? insert - SHORT_HEADER : insert;
}

/** Never below zero. */
export function bytesBetween(from: Lsn, to: Lsn): number {
  return to > from ? Number(to - from) : 0;
}

/** The segment's number, counted from the start of the WAL over all timelines. `name`: 24 hexadecimal digits. */
export function segmentOfName(name: string, bytes: SegmentBytes): number {
  const log = Number.parseInt(name.slice(8, 16), 16);
  return log * (2 ** 32 / bytes) + Number.parseInt(name.slice(16, 24), 16);
}

/** The number of the segment that holds an LSN (`0/3000000`). */
export function segmentOfLsn(lsn: string, bytes: SegmentBytes): number {
  return Number(parseLsn(lsn) / BigInt(bytes));
}

function nameOf(timeline: string, segment: number, bytes: SegmentBytes): string {
  const perLog = 2 ** 32 / bytes;
  return timeline + eightDigits(Math.floor(segment / perLog)) + eightDigits(segment % perLog);
}

/** The segment after `name` on the same timeline. */
export function nextSegment(name: string, bytes: SegmentBytes): string {
  return nameOf(name.slice(0, 8), segmentOfName(name, bytes) + 1, bytes);
}

export function previousSegment(name: string, bytes: SegmentBytes): string {
  return nameOf(name.slice(0, 8), segmentOfName(name, bytes) - 1, bytes);
}

/** Timeline, first position and end of a segment. */
export function placeOfSegment(
  name: string,
  bytes: SegmentBytes,
): { readonly timeline: number; readonly start: Lsn; readonly end: Lsn } {
  const start = BigInt(segmentOfName(name, bytes)) * BigInt(bytes);
  return { timeline: timelineOf(name), start, end: start + BigInt(bytes) };
}

/** The first eight of the 24 hexadecimal digits. */
export function timelineOf(name: string): number {
  return Number.parseInt(name.slice(0, 8), 16);
}

/**
 * What the point recorded, or, for an older point, what its names and LSNs prove: the set begins at `lsnStart`, which lies in the segment
 * `walStart`. Where more than one size fits (in the first segment of each 4 GiB) it is the usual one.
 */
export function segmentBytesOf(capture: PostgresCapture): SegmentBytes {
  if (capture.server !== undefined) return toSegmentBytes(capture.server.segmentBytes);
  const { walStart, lsnStart } = capture;
  const fits = SIZES.filter((size) => segmentOfName(walStart, size) === segmentOfLsn(lsnStart, size));
  return fits.includes(DEFAULT_SEGMENT_BYTES) ? DEFAULT_SEGMENT_BYTES : (fits[0] ?? DEFAULT_SEGMENT_BYTES);
}
