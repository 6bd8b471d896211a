/** A place in the WAL: PostgreSQL's set is chosen by LSN, never by a clock; every other workload takes its newest copy before that commit. */
import { newestUpTo } from '../catalog/order.ts';
import type { Copy } from '../catalog/window.ts';
import { formatTarget, type WalTarget } from '../target.ts';
import { type Lsn, parseLsn } from '../wal-segment.ts';
import { type Candidates, compromisedAfter, skippedCompromised } from './candidates.ts';
import { newestReceived } from './received.ts';
import { beforeSets, placeUnknown, throughCompromised } from './refusals.ts';
import { checkWindow, momentBefore } from './time.ts';
import type { Place, ResolvedItem, ResolveInput } from './types.ts';

/** The last set of the place's lineage that was complete before it: a replay can't stop before its set is consistent. */
function setBefore(copies: readonly Copy[], place: Place): Copy | undefined {
  const before = copies.filter(({ capture }) => {
    if (capture.engine !== 'pgbackrest' || capture.lineage !== place.lineage) return false;
    return capture.timeline <= place.timeline && parseLsn(capture.lsnStop) <= parseLsn(place.lsn);
  });
  return before.reduce<Copy | undefined>(
    (best, copy) => (best === undefined || endOf(copy) >= endOf(best) ? copy : best),
    undefined,
  );
}

function endOf({ capture }: Copy): Lsn {
  return capture.engine === 'pgbackrest' ? parseLsn(capture.lsnStop) : 0n;
}

function firstEnd(copies: readonly Copy[], { lineage }: Place): string | undefined {
  const ends = copies.flatMap(({ capture }) =>
    capture.engine === 'pgbackrest' && capture.lineage === lineage ? [capture.lsnStop] : [],
  );
  return ends.sort((a, b) => (parseLsn(a) < parseLsn(b) ? -1 : 1))[0];
}

function isOfSets(copies: readonly Copy[]): boolean {
  return copies.some(({ lineage }) => lineage !== undefined);
}

export function resolvePlace(
  input: ResolveInput,
  candidates: Candidates,
  target: WalTarget,
): { items: ResolvedItem[]; warnings: string[] } {
  const { place, repository } = input;
  const what = formatTarget(target);
  if (input.received === true) return { items: newestReceived(input, candidates, what), warnings: [] };
  if (place === undefined) throw placeUnknown(repository, what);
  const moment = new Date(Math.floor(place.at / 1000));
  const copiesOf = (workload: string): readonly Copy[] => candidates.copies.get(workload) ?? [];
  const others = input.workloads.filter((workload) => !isOfSets(copiesOf(workload)));
  checkWindow({ ...input, workloads: others }, candidates, moment);
  const chosen: Copy[] = [];
  const items = input.workloads.flatMap((workload): ResolvedItem[] => {
    const copies = copiesOf(workload);
    if (isOfSets(copies)) {
      const set = setBefore(copies, place);
      if (set === undefined) throw beforeSets(repository, what, place, firstEnd(copies, place));
      const passed = compromisedAfter(candidates, set, moment.getTime());
      if (passed) throw throughCompromised(repository, moment, passed.id, momentBefore(passed));
      const { capture, entry } = set;
      return [{ workload, capture, point: entry.point.id, mode: 'place', place, skewSeconds: 0 }];
    }
    const copy = newestUpTo(copies, moment.getTime());
    if (copy === undefined) return [];
    const { capture, entry, at } = copy;
    chosen.push(copy);
    return [{ workload, capture, point: entry.point.id, skewSeconds: (moment.getTime() - at) / 1000 }];
  });
  return { items, warnings: skippedCompromised(candidates, chosen, moment.getTime()) };
}
