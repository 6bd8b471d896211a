/** The archived segments of a lineage as stretches without a gap. Pure. */
import { walPath } from '../../../points/wal.ts';
import { nextSegment, previousSegment, type SegmentBytes } from '../../../points/wal-segment.ts';

/** Segments that follow each other, oldest first; never empty. */
export type Stretch = readonly string[];

/** What is missing between two stretches: its first and its last segment. */
export interface Gap {
  readonly from: string;
  readonly to: string;
}

/** Where a new timeline repeats a number, the newer one counts, as for a replay. */
export function stretchesOf(names: ReadonlySet<string>, bytes: SegmentBytes): Stretch[] {
  const byNumber = (a: string, b: string): number =>
    a.slice(8) === b.slice(8) ? (a < b ? -1 : 1) : a.slice(8) < b.slice(8) ? -1 : 1;
  let left = [...names].sort(byNumber);
  const stretches: Stretch[] = [];
  for (let start = left[0]; start !== undefined; start = left[0]) {
    const path = walPath(names, start, bytes);
    const end = path.at(-1) ?? start;
    stretches.push(path);
    left = left.filter((name) => name.slice(8) > end.slice(8));
  }
  return stretches;
}

export function gapsOf(stretches: readonly Stretch[], bytes: SegmentBytes): Gap[] {
  return stretches.slice(1).flatMap((stretch, n) => {
    const [before, after] = [stretches[n]?.at(-1), stretch[0]];
    if (before === undefined || after === undefined) return [];
    const timeline = after.slice(0, 8);
    return [{ from: timeline + nextSegment(before, bytes).slice(8), to: previousSegment(after, bytes) }];
  });
}
