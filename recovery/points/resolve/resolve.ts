/** Resolves a recovery target to captures of one repository. Pure. */
import { badInput } from '../../core/errors.ts';
import { unreadablePoint } from '../catalog/unreadable.ts';
import { candidatesOf } from './candidates.ts';
import { resolveLatest } from './latest.ts';
import { resolvePlace } from './place.ts';
import { resolvePoint } from './point.ts';
import { newestUnreadable, noPoints, passedOver, removedPoints } from './refusals.ts';
import { resolveTime } from './time.ts';
import type { Resolution, ResolveInput } from './types.ts';

export type { Resolution, ResolveInput } from './types.ts';

/**
 * - `latest`: each workload's newest capture; PostgreSQL to the end of the WAL of the newest set's lineage.
 * - an id: that point's captures, PostgreSQL without replay; for workloads that it lacks the newest capture before it.
 * - a time: PostgreSQL's newest set that ended before it, replayed to it; the rest: the newest capture not after it.
 * - a place in the WAL: the same by LSN, whatever a clock said; the rest by the commit time of that place.
 *
 * Throws `POINT-UNREADABLE`, `TARGET-UNREACHABLE`, `TARGET-COMPROMISED`, `TARGET-IN-FUTURE`, `POINT-UNKNOWN`, `POINT-KEY-UNKNOWN` (exit 2) or
 * `POINT-TAMPERED` or `POINT-REMOVED` (exit 5). Each names what can be reached instead.
 */
export function resolveTarget(input: ResolveInput): Resolution {
  const { target, repository, workloads, now } = input;
  if (target.kind === 'time' && target.time > now) {
    throw badInput({
      code: 'TARGET-IN-FUTURE',
      where: 'target',
      fact: `${target.time.toISOString()} is in the future (it is ${now.toISOString()} now)`,
      hint: 'for the newest data, type latest',
    });
  }
  const { unreadable = [] } = input;
  const named = target.kind === 'point' ? unreadable.find(({ id }) => id === target.id) : undefined;
  if (named !== undefined) throw unreadablePoint(repository, named);
  const { removed = [], allowTampered = false, entries } = input;
  if (target.kind === 'latest' && removed.length > 0 && !allowTampered) {
    throw removedPoints(repository, removed, entries.findLast(({ trust }) => trust === 'ok')?.outline.id);
  }
  const candidates = candidatesOf(input);
  const chosen =
    target.kind === 'latest'
      ? resolveLatest(input, candidates)
      : target.kind === 'point'
        ? resolvePoint(input, candidates, target.id)
        : target.kind === 'time'
          ? resolveTime(input, candidates, target)
          : resolvePlace(input, candidates, target);
  // Ids sort by the time at which a run began.
  const newest =
    chosen.items
      .map(({ point }) => point)
      .sort()
      .at(-1) ?? '';
  const passed = unreadable.filter(({ id }) => id > newest && target.kind !== 'point');
  if (target.kind === 'latest' && passed.length > 0) throw newestUnreadable(input, passed, newest);
  if (chosen.items.length === 0) throw noPoints(input);
  const found = new Set(chosen.items.map((item) => item.workload));
  return {
    repository,
    target,
    items: chosen.items,
    missing: workloads.filter((workload) => !found.has(workload)),
    unrequested: [...candidates.copies]
      .flatMap(([workload, copies]) => (copies.length > 0 && !workloads.includes(workload) ? [workload] : []))
      .sort(),
    warnings: [...candidates.warnings, ...chosen.warnings, ...passed.map((each) => passedOver(repository, each))],
  };
}
