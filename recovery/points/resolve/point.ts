/** A point by its id: its own captures, and for workloads that it lacks the newest capture before it. */
import { doubtsOf } from '../catalog/doubts.ts';
import { newestUpTo } from '../catalog/order.ts';
import type { CatalogEntry } from '../catalog/types.ts';
import { isCompromised } from '../marks.ts';
import type { Candidates } from './candidates.ts';
import { tamperedPoint, uncheckablePoint, unknownPoint } from './refusals.ts';
import type { ResolvedItem, ResolveInput } from './types.ts';

function named(input: ResolveInput, id: string): CatalogEntry {
  const { entries, repository, allowTampered = false } = input;
  const entry = entries.find((e) => e.point.id === id);
  if (entry === undefined) throw unknownPoint(input, id);
  if (entry.trust === 'tampered' && !allowTampered) throw tamperedPoint(repository, id);
  if (entry.trust === 'unknown-key' && !allowTampered)
    throw uncheckablePoint(repository, id, entry.point.signature.key);
  return entry;
}

export function resolvePoint(
  input: ResolveInput,
  candidates: Candidates,
  id: string,
): { items: ResolvedItem[]; warnings: string[] } {
  const entry = named(input, id);
  const { point } = entry;
  const warnings: string[] = [];
  if (isCompromised(entry)) warnings.push(`${id} is marked compromised; it is used because you named it`);
  const doubt = doubtsOf(input.entries, input.now).get(id);
  if (doubt !== undefined) warnings.push(`${id} ${doubt.fact}; it is used because you named it`);
  for (const { workload, suspect } of point.captures)
    if (suspect !== undefined && input.workloads.includes(workload))
      warnings.push(`${workload} of ${id} is suspect (${suspect}); it is used because you named it`);
  if (entry.trust !== 'ok')
    warnings.push(`${id} is used although its signature is ${entry.trust === 'tampered' ? 'bad' : 'not verified'}`);
  const own = new Map(point.captures.map((capture) => [capture.workload, capture]));
  const moment = Math.max(...point.captures.map((c) => Date.parse(c.capturedAt)), Date.parse(point.startedAt));
  const items = input.workloads.flatMap((workload): ResolvedItem[] => {
    const held = own.get(workload);
    const copy = held ? undefined : newestUpTo(candidates.copies.get(workload), moment);
    const capture = held ?? copy?.capture;
    if (capture === undefined) {
      const later = candidates.copies.get(workload)?.[0];
      if (later) warnings.push(`${workload}: its first copy is of ${later.capture.capturedAt}, after ${id}`);
      return [];
    }
    return [
      {
        workload,
        capture,
        point: copy?.entry.point.id ?? id,
        ...(capture.engine === 'pgbackrest' ? { mode: 'immediate' as const } : {}),
        skewSeconds: copy ? (moment - copy.at) / 1000 : 0,
      },
    ];
  });
  return { items, warnings };
}
