/** What a repository's archive holds of PostgreSQL's WAL, by the names and times of its files alone. */
import { type Layout, STANZA } from '../../plan/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { PostgresCapture } from './point.ts';
import { type Lsn, nextSegment, placeOfSegment, type SegmentBytes } from './wal-segment.ts';

export interface WalRange {
  readonly timeline: number;
  /** Last segment that is reached from the set without a gap. */
  readonly last: string;
  /** The first missing segment, where later ones are archived. */
  readonly gap?: string;
  /** Segments in the range. */
  readonly count: number;
}

/**
 * The segments from `start` as a replay takes them, across timeline switches too: the new timeline's segment has the same number. Pure.
 * Empty without the segment `start`.
 */
export function walPath(names: ReadonlySet<string>, start: string, bytes: SegmentBytes): string[] {
  if (!names.has(start)) return [];
  const timelines = [...new Set([...names].map((n) => n.slice(0, 8)))].sort();
  const path = [start];
  for (let current = start; ; ) {
    const next = nextSegment(current, bytes);
    const later = timelines.filter((t) => t > current.slice(0, 8));
    const switched = [...later]
      .reverse()
      .flatMap((t) => [t + next.slice(8), t + current.slice(8)])
      .find((n) => names.has(n));
    const following = names.has(next) ? next : switched;
    if (following === undefined) return path;
    path.push(following);
    current = following;
  }
}

/** Where the segments from `start` end. Pure. Undefined without the segment `start`. */
export function followWal(names: ReadonlySet<string>, start: string, bytes: SegmentBytes): WalRange | undefined {
  const path = walPath(names, start, bytes);
  const last = path.at(-1);
  if (last === undefined) return undefined;
  const beyond = [...names].some((n) => n.slice(0, 8) >= last.slice(0, 8) && n.slice(8) > last.slice(8));
  const range = { timeline: Number.parseInt(last.slice(0, 8), 16), last, count: path.length };
  return beyond ? { ...range, gap: nextSegment(last, bytes) } : range;
}

const segmentInKey = (key: string): string | undefined => /\/([0-9A-F]{24})-[0-9a-f]{40}(?:\.\w+)?$/.exec(key)?.[1];

/**
 * Segment → file: `15-1/0000000100000000/0000000100000000000000A3-<sha1>.zst` holds `0000000100000000000000A3`. Partial and history files
 * are skipped.
 */
export function segmentFiles(files: readonly string[]): Map<string, string> {
  const named = files.flatMap((file) => {
    const name = segmentInKey(file);
    return name === undefined ? [] : [[name, file] as const];
  });
  return new Map(named);
}

/** Of 4 GiB of WAL each, whatever the segments' size. Reading stops at the first empty folder, or after this many. */
const FOLDERS = 64;

/** `0000000100000000` → `0000000100000001` */
function nextFolder(folder: string): string {
  const log = Number.parseInt(folder.slice(8), 16) + 1;
  return folder.slice(0, 8) + log.toString(16).toUpperCase().padStart(8, '0');
}

/**
 * When the newest segment at or after the set's end was stored. Commits after that moment are not archived; commits before it are,
 * minus the time that the upload took. Undefined without such a segment. `dr verify` and a restore's preflight look for gaps; this
 * does not.
 */
export async function archivedUntil(
  store: ObjectStore,
  layout: Layout,
  capture: PostgresCapture,
  asOf?: Date,
): Promise<Date | undefined> {
  const { lineage, stanza, serverVersion, walStop } = capture;
  const [major] = serverVersion.split('.');
  // A lineage is one generation of one cluster, so pgBackRest's history of it has one entry.
  const archive = `${layout.pgbackrest(lineage)}/archive/${stanza}/${major}-1`;
  let newest: Date | undefined;
  let folder = walStop.slice(0, 16);
  for (let n = 0; n < FOLDERS; n += 1) {
    const files = await store.list(`${archive}/${folder}/`, asOf);
    const segments = files.filter(({ key }) => (segmentInKey(key) ?? '') >= walStop);
    if (segments.length === 0) break;
    for (const { modified } of segments) if (newest === undefined || modified > newest) newest = modified;
    folder = nextFolder(folder);
  }
  return newest;
}

export interface ArchivedSegment {
  /** 24 hexadecimal digits. */
  readonly name: string;
  /** When it was stored. */
  readonly at: Date;
}

/** In the order of their names. */
export async function archivedSegments(
  store: ObjectStore,
  layout: Layout,
  lineage: string,
): Promise<ArchivedSegment[]> {
  const files = await store.list(`${layout.pgbackrest(lineage)}/archive/${STANZA}/`);
  const times = files.flatMap(({ key, modified }) => {
    const name = segmentInKey(key);
    return name === undefined ? [] : [[name, modified] as const];
  });
  return [...new Map(times)].map(([name, at]) => ({ name, at })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The last one of the newest timeline. Undefined for an empty archive. */
export function newestSegment(segments: readonly ArchivedSegment[]): ArchivedSegment | undefined {
  return segments.at(-1);
}

/** Segments with WAL of that timeline, or a later one, after `lsn`: a timeline that forked off there never had it. */
export function segmentsBeyond(
  segments: readonly ArchivedSegment[],
  { timeline, lsn }: { readonly timeline: number; readonly lsn: Lsn },
  bytes: SegmentBytes,
): ArchivedSegment[] {
  return segments.filter(({ name }) => {
    const place = placeOfSegment(name, bytes);
    return place.timeline >= timeline && place.end > lsn;
  });
}
