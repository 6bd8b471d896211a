/** What lies beside a workload's data and is in no copy of it: the backup finds it, and the capture says so. */
import { unreadable } from './lacking.ts';
import type { Capture, CaptureFacts } from './point.ts';

const FACT = 'notCopied';
/** A point is read with each listing: more than this is a count. */
const LISTED = 20;

/**
 * The fact of a capture, one line for each thing; none where everything was copied.
 * @param listed as many are named @default 20
 */
export function notCopiedFacts(lines: readonly string[], listed = LISTED): CaptureFacts {
  if (lines.length === 0) return {};
  const more = lines.length - listed;
  const shown = more > 0 ? [...lines.slice(0, listed), `and ${more} more`] : lines;
  return { [FACT]: shown.map((line) => line.replaceAll('\n', ' ')).join('\n') };
}

/** Empty for a capture that holds all of its workload. */
export function notCopied(capture: Capture): string[] {
  if (capture.engine !== 'restic') return [];
  const { [FACT]: lines, leftOut } = capture.facts;
  // Earlier versions wrote one line of Redis' append-only files; of manifests it is a count.
  const older = typeof leftOut === 'string' ? [leftOut] : [];
  const refused = unreadable(capture).map((line) => `${line}: its user may not read it`);
  return [...refused, ...(typeof lines === 'string' ? lines.split('\n') : []), ...older];
}
