/** Paths have at most 4,095 bytes, and a copy is laid down beside its place, below a longer path than that of the original. */
import { precondition } from '../core/errors.ts';
import type { Capture, CaptureFacts } from '../points/point.ts';
import { besides } from './swap.ts';

/** PATH_MAX without the NUL at its end. */
const LONGEST = 4095;
/** A folder of a name like the original's, and the id of the restore. */
const USUAL_ADDITION = 400;
const PID_DIGITS = 8;

const FACT = 'longestPath';

/** @param bytes of the longest path below the folder, relative to it */
export function longestPathFacts(bytes: number): CaptureFacts {
  return bytes === 0 ? {} : { [FACT]: bytes };
}

/** Bytes of a path that a restore would make. Pure. */
function laidDown(destination: string, restore: string, original: string, longest: number): number {
  const scratch = `${besides(destination, restore, 'new')}.`;
  return Buffer.byteLength(`${scratch}${original}/`) + PID_DIGITS + longest;
}

/** For a backup: undefined where a restore in the same place is sure to take it. Pure. */
export function longPathWarning(folder: string, longest: number): string | undefined {
  const over = 2 * Buffer.byteLength(folder) + USUAL_ADDITION + longest - LONGEST;
  if (longest === 0 || over <= 0) return undefined;
  return `a path below ${folder} has ${Buffer.byteLength(folder) + 1 + longest} bytes: a restore lays it down below a longer one and may not be able to make it (at most ${LONGEST}); shorten it by ${over}`;
}

/** Throws `TARGET-REFUSES` (exit 6). @param restore its id */
export function refuseLongPaths(workload: string, destination: string, restore: string, capture: Capture): void {
  if (capture.engine !== 'restic') return;
  const longest = capture.facts[FACT];
  if (typeof longest !== 'number') return;
  const bytes = laidDown(destination, restore, capture.path, longest);
  if (bytes <= LONGEST) return;
  throw precondition({
    code: 'TARGET-REFUSES',
    where: workload,
    fact: `a path of the copy would have ${bytes} bytes while it is laid down beside ${destination}; the system takes ${LONGEST}`,
    hint: `the copy is whole: restore into a folder with a path that is ${bytes - LONGEST} bytes shorter, or take it out by hand (restic mount)`,
  });
}
