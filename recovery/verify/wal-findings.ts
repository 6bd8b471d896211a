/** Pure: can every set be replayed, and how far. */
import type { PostgresCapture } from '../points/point.ts';
import { followWal } from '../points/wal.ts';
import { nextSegment, type SegmentBytes, segmentBytesOf } from '../points/wal-segment.ts';
import type { Finding } from './types.ts';

export interface WalInput {
  readonly repository: string;
  readonly lineage: string;
  /** Names of the segments in the archive. */
  readonly segments: ReadonlySet<string>;
  /** Captures of the lineage with the points that name them. */
  readonly captures: ReadonlyMap<string, { readonly capture: PostgresCapture; readonly points: readonly string[] }>;
  /** Segments that the repository's sets begin with. */
  readonly setStarts: ReadonlySet<string>;
  /** Sets from before this moment keep only the WAL of their own. */
  readonly retainedSince: Date;
}

/** Position without the timeline. */
const place = (segment: string): string => segment.slice(8);

/** The last segment that is missing from `first` on, and the segment that follows the gap. */
function endOfGap(segments: ReadonlySet<string>, first: string, bytes: SegmentBytes): { last: string; next: string } {
  const later = [...segments]
    .filter((name) => place(name) > place(first))
    .sort((a, b) => (place(a) < place(b) ? -1 : 1));
  const next = later[0] ?? first;
  let last = first;
  while (place(nextSegment(last, bytes)) < place(next)) last = nextSegment(last, bytes);
  return { last, next };
}

/** A set that is held alone keeps only its own WAL: prune removes the WAL from its end to the start of the next set. */
function isPruned(input: WalInput, capture: PostgresCapture, next: string): boolean {
  return input.setStarts.has(next) && new Date(capture.capturedAt) < input.retainedSince;
}

export function walFindings(input: WalInput): Finding[] {
  const { repository, lineage, segments } = input;
  const findings: Finding[] = [];
  const gaps = new Map<string, { set: string; last: string }>();
  for (const [set, { capture, points }] of input.captures) {
    const bytes = segmentBytesOf(capture);
    const range = followWal(segments, capture.walStart, bytes);
    if (range === undefined || place(range.last) < place(capture.walStop)) {
      const missing = range === undefined ? capture.walStart : nextSegment(range.last, bytes);
      findings.push({
        repository,
        area: 'postgres',
        severity: 'wrong',
        code: 'WAL-MISSING',
        what: `WAL segment ${missing} (${lineage})`,
        fact: `is missing, and the set ${set} needs it: that set can't be restored`,
        hint: 'restore from another repository (--from) or from another point; a full backup now begins a new chain',
        points,
      });
      continue;
    }
    if (range.gap === undefined) continue;
    const { last, next } = endOfGap(segments, range.gap, bytes);
    if (!gaps.has(range.gap) && !isPruned(input, capture, next)) gaps.set(range.gap, { set, last });
  }
  for (const [first, { set, last }] of gaps) {
    const which = first === last ? `WAL segment ${first}` : `WAL segments ${first} to ${last}`;
    findings.push({
      repository,
      area: 'postgres',
      severity: 'wrong',
      code: 'WAL-GAP',
      what: `${which} (${lineage})`,
      fact: `missing, and later ones are there: from the set ${set} PostgreSQL can be taken up to that gap and not beyond`,
      hint: 'for a later moment restore from another repository (--from), or from a set after the gap; a full backup now closes it',
      points: [],
    });
  }
  return findings;
}
