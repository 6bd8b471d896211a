/** Where replay ends, judged by the names of the archived WAL segments alone. Pure. */
import { badInput } from '../../core/errors.ts';
import type { ObjectInfo } from '../../storage/object-store.ts';
import { microsOf, parseMicros } from '../moment.ts';
import type { PostgresCapture } from '../point.ts';
import type { ResolvedItem } from '../resolve/types.ts';
import { followWal, segmentFiles } from '../wal.ts';
import { segmentBytesOf } from '../wal-segment.ts';
import type { ReplayEnd } from './types.ts';

const HINT = 'set an older point, another moment or another repository in recovery; `dr points` lists them';

/**
 * Names the timeline on which the WAL continues from the set, so that replay never follows a fork in the archive by chance.
 * @param archive objects below the archive of the capture's lineage
 * Throws `TARGET-UNREACHABLE` (exit 2). A moment of the last minute may pass here and still lie after the last commit.
 */
export function endOf(
  { mode, time }: Pick<ResolvedItem, 'mode' | 'time'>,
  capture: PostgresCapture,
  archive: readonly ObjectInfo[],
  where: string,
): ReplayEnd {
  const files = segmentFiles(archive.map(({ key }) => key));
  const range = followWal(new Set(files.keys()), capture.walStart, segmentBytesOf(capture));
  const refuse = (fact: string) => badInput({ code: 'TARGET-UNREACHABLE', where, fact, hint: HINT });
  if (range === undefined || range.last.slice(8) < capture.walStop.slice(8)) {
    const missing = range?.gap ?? capture.walStart;
    throw refuse(`WAL segment ${missing}, which the set ${capture.set} itself needs, is missing`);
  }
  if (mode === 'immediate') return { kind: 'immediate', timeline: capture.timeline };
  const { timeline, last, gap } = range;
  if (mode !== 'time' || time === undefined) {
    if (gap !== undefined) throw refuse(`WAL segment ${gap} is missing and later ones are there`);
    return { kind: 'end-of-wal', timeline };
  }
  const written = archive.find(({ key }) => key === files.get(last))?.modified;
  if (written !== undefined && parseMicros(time) > microsOf(written)) {
    throw refuse(
      `${time} lies after ${last}, the last WAL segment without a gap, archived at ${written.toISOString()}`,
    );
  }
  return { kind: 'time', timeline, time };
}
