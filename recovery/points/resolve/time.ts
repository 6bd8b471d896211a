/** A moment: PostgreSQL is replayed to it; every other workload takes its newest copy at or before it. */
import { newestUpTo } from '../catalog/order.ts';
import type { Copy } from '../catalog/window.ts';
import { formatTarget, type Target } from '../target.ts';
import { type Candidates, type CompromisedPoint, compromisedAfter, skippedCompromised } from './candidates.ts';
import { earliestOf, receivedCopy } from './received.ts';
import { afterWal, beforeWindow, throughCompromised } from './refusals.ts';
import type { ResolvedItem, ResolveInput } from './types.ts';

/** Refuses the whole target when one workload's copies are all younger: half a platform of that moment helps nobody. */
export function checkWindow(input: ResolveInput, candidates: Candidates, time: Date): void {
  const wanted = input.workloads.flatMap((workload) => {
    const dates = (candidates.copies.get(workload) ?? []).map(earliestOf);
    if (dates.length === 0) return [];
    return [{ workload, from: dates.reduce((a, b) => Math.min(a, b)), to: dates.reduce((a, b) => Math.max(a, b)) }];
  });
  const late = wanted.filter((w) => w.from > time.getTime()).map((w) => w.workload);
  if (late.length === 0) return;
  const from = Math.max(...wanted.map((w) => w.from));
  const to = Math.max(...wanted.map((w) => w.to));
  throw beforeWindow(input.repository, time, { late, from, to });
}

function checkReplay(input: ResolveInput, candidates: Candidates, copy: Copy, time: Date): void {
  if (copy.capture.engine !== 'pgbackrest') return;
  const { lineage } = copy.capture;
  const passed = compromisedAfter(candidates, copy, time.getTime());
  if (passed) throw throughCompromised(input.repository, time, passed.id, momentBefore(passed));
  const end = input.walEnd?.(lineage)?.time;
  // An idle server's WAL may end before its newest set does; the set itself is reachable.
  const reachable = end && new Date(Math.max(end.getTime(), copy.at));
  if (reachable && time > reachable) throw afterWal(input.repository, time, lineage, reachable);
}

export const momentBefore = ({ passedAt }: CompromisedPoint): string => new Date(passedAt - 1000).toISOString();

export function resolveTime(
  input: ResolveInput,
  candidates: Candidates,
  target: Extract<Target, { kind: 'time' }>,
): { items: ResolvedItem[]; warnings: string[] } {
  const { time } = target;
  checkWindow(input, candidates, time);
  const chosen: Copy[] = [];
  const items = input.workloads.flatMap((workload): ResolvedItem[] => {
    const received = receivedCopy(input, candidates, workload, time);
    if (received !== undefined) {
      const { copy, lateSeconds } = received;
      return [{ workload, capture: copy.capture, point: copy.entry.point.id, skewSeconds: lateSeconds }];
    }
    const copy = newestUpTo(candidates.copies.get(workload), time.getTime());
    if (copy === undefined) return [];
    checkReplay(input, candidates, copy, time);
    chosen.push(copy);
    const common = { workload, capture: copy.capture, point: copy.entry.point.id };
    if (copy.capture.engine === 'pgbackrest') {
      return [{ ...common, mode: 'time', time: formatTarget(target), skewSeconds: 0 }];
    }
    return [{ ...common, skewSeconds: (time.getTime() - copy.at) / 1000 }];
  });
  return { items, warnings: skippedCompromised(candidates, chosen, time.getTime()) };
}
