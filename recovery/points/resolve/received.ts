/** Copies of base backups and received WAL: one holds each moment of a range, which lies before the copy itself was made. */
import type { Copy } from '../catalog/window.ts';
import type { Candidates } from './candidates.ts';
import { maybeThroughCompromised, throughCompromised } from './refusals.ts';
import type { ResolvedItem, ResolveInput } from './types.ts';

interface Range {
  readonly from: number;
  /** When the newest base backup was complete. */
  readonly base: number;
  readonly to: number;
}

function rangeOf({ capture }: Copy): Range | undefined {
  if (capture.engine !== 'restic') return undefined;
  const { replayFrom, newestBase, replayTo } = capture.facts;
  if (typeof replayFrom !== 'string' || typeof newestBase !== 'string' || typeof replayTo !== 'string')
    return undefined;
  return { from: Date.parse(replayFrom), base: Date.parse(newestBase), to: Date.parse(replayTo) };
}

/** The first moment that a copy can bring back, milliseconds. */
export function earliestOf(copy: Copy): number {
  return rangeOf(copy)?.from ?? copy.at;
}

/** Replay begins at the newest base before the moment; what a person marked compromised after that would come back with it. */
function refuseCompromised(repository: string, { compromised }: Candidates, { from, base }: Range, time: Date): void {
  const start = base <= time.getTime() ? base : from;
  const passed = compromised.find(({ at, passedAt }) => at >= start && passedAt <= time.getTime());
  if (passed === undefined) return;
  throw throughCompromised(repository, time, passed.id, new Date(passed.passedAt - 1000).toISOString());
}

/** For a place in the WAL, whose moment nobody knows yet. Throws `TARGET-COMPROMISED` (exit 2) where it may lie after a bad point. */
export function newestReceived(
  { repository, workloads }: Pick<ResolveInput, 'repository' | 'workloads'>,
  { copies, compromised }: Candidates,
  what: string,
): ResolvedItem[] {
  return workloads.flatMap((workload): ResolvedItem[] => {
    const newest = (copies.get(workload) ?? []).findLast((copy) => rangeOf(copy) !== undefined);
    if (newest === undefined) return [];
    const { from } = rangeOf(newest) as Range;
    const passed = compromised.find(({ at }) => at >= from);
    if (passed !== undefined)
      throw maybeThroughCompromised(repository, what, passed.id, new Date(passed.passedAt - 1000).toISOString());
    return [{ workload, capture: newest.capture, point: newest.entry.point.id, skewSeconds: 0 }];
  });
}

export interface ReceivedCopy {
  readonly copy: Copy;
  /** That the moment lies after the end of its WAL. */
  readonly lateSeconds: number;
}

/**
 * The first copy whose WAL reaches the moment; after the end of all WAL, the one that comes nearest. Undefined where the copies of the
 * workload are of another kind. Throws `TARGET-COMPROMISED` (exit 2).
 */
export function receivedCopy(
  { repository }: Pick<ResolveInput, 'repository'>,
  candidates: Candidates,
  workload: string,
  time: Date,
): ReceivedCopy | undefined {
  const at = time.getTime();
  const ranged = (candidates.copies.get(workload) ?? []).flatMap((copy) => {
    const range = rangeOf(copy);
    return range !== undefined && range.from <= at ? [{ copy, range }] : [];
  });
  const nearest = ranged.toSorted((a, b) => a.range.to - b.range.to).at(-1);
  const chosen = ranged.find(({ range }) => range.to >= at) ?? nearest;
  if (chosen === undefined) return undefined;
  refuseCompromised(repository, candidates, chosen.range, time);
  return { copy: chosen.copy, lateSeconds: Math.max(0, at - chosen.range.to) / 1000 };
}
