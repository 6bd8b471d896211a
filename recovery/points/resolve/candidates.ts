/** Which copies may be chosen, and warnings for the others. */
import { plural } from '../../report/format.ts';
import { doubtsOf } from '../catalog/doubts.ts';
import type { CatalogEntry } from '../catalog/types.ts';
import { type Copy, copiesByWorkload } from '../catalog/window.ts';
import { dateOfId } from '../id.ts';
import { isCompromised, isVouched } from '../marks.ts';
import type { ResolveInput } from './types.ts';

/** A point that somebody marked compromised: its mark is signed, whatever has become of the point. */
export interface CompromisedPoint {
  readonly id: string;
  /** Milliseconds since 1970: when its run began. */
  readonly at: number;
  /** A replay to this moment or a later one leads past it: by its own date, or by those of good points after it in the chain. */
  readonly passedAt: number;
  /** Absent where nobody can say: the point is altered, or gone. */
  readonly sequence?: number | undefined;
  readonly workloads: readonly string[];
}

export interface Candidates {
  /** Copies that may be chosen, by workload, in the order of the chain. */
  readonly copies: ReadonlyMap<string, readonly Copy[]>;
  /** Skipped points, because they are marked compromised; in the order of the chain. Replay must not pass them. */
  readonly compromised: readonly CompromisedPoint[];
  /** Skipped copies, because they hold much less than the one before. */
  readonly suspect: readonly Copy[];
  readonly warnings: readonly string[];
}

const VOUCH = 'to use it, name its id or type --allow-suspect; if it is good: dr points mark';

const NEWER =
  'use that version of dr, or a newer one; to use the point all the same, name its id or type --allow-suspect';

/** Good copies of a workload, and those that are skipped because they hold much less than the one before. */
function withoutSuspects(all: ReadonlyMap<string, readonly Copy[]>): Pick<Candidates, 'copies' | 'suspect'> {
  const suspect: Copy[] = [];
  const copies = new Map<string, Copy[]>();
  for (const [workload, list] of all) {
    const isSuspect = (copy: Copy): boolean => copy.suspect && !isVouched(copy.entry);
    suspect.push(...list.filter(isSuspect));
    copies.set(
      workload,
      list.filter((copy) => !isSuspect(copy)),
    );
  }
  return { copies, suspect };
}

/** Only what is newer than the chosen copies matters to whoever reads it. */
function suspectWarnings(suspect: readonly Copy[], workloads: readonly string[]): string[] {
  return workloads.flatMap((workload) => {
    const newest = suspect.filter((copy) => copy.capture.workload === workload).at(-1);
    if (newest === undefined) return [];
    const { id } = newest.entry.outline;
    return [`${workload} of ${id} was skipped: ${newest.capture.suspect}; ${VOUCH} ${id} clean`];
  });
}

/** An intruder may alter or remove the point whose mark stands in the way: its id is part of the signed mark, and begins with its date. */
function compromisedOf({ entries, now, compromisedGone = [] }: ResolveInput): CompromisedPoint[] {
  const doubts = doubtsOf(entries, now);
  let passed = Number.POSITIVE_INFINITY;
  const found: CompromisedPoint[] = [];
  for (const entry of entries.toReversed()) {
    const { outline, trust } = entry;
    const isTrue = trust === 'ok';
    const at = isTrue ? Date.parse(outline.startedAt) : dateOfId(outline.id);
    if (isCompromised(entry)) {
      const { sequence, captures } = outline;
      const workloads = captures.map(({ workload }) => workload);
      const place = isTrue ? { sequence } : {};
      found.push({ id: outline.id, at, passedAt: Math.min(at, passed), ...place, workloads });
    } else if (isTrue && !doubts.has(outline.id)) passed = Math.min(passed, at);
  }
  const gone = compromisedGone.map((id) => ({ id, at: dateOfId(id), passedAt: dateOfId(id), workloads: [] }));
  return [...found.reverse(), ...gone];
}

export function candidatesOf(input: ResolveInput): Candidates {
  const { entries, allowTampered = false, allowCompromised = false, allowSuspect = false, now } = input;
  const tampered = entries.filter((e) => e.trust === 'tampered').length;
  const unknown = entries.filter((e) => e.trust === 'unknown-key').length;
  const trusted = allowTampered ? entries : entries.filter((e) => e.trust === 'ok');
  const doubts = allowSuspect ? new Map() : doubtsOf(entries, now);
  const taken = trusted.filter((entry) => (allowCompromised || !isCompromised(entry)) && !doubts.has(entry.outline.id));
  const all = copiesByWorkload(taken);
  const good = allowSuspect ? { copies: all, suspect: [] } : withoutSuspects(all);
  const warnings: string[] = [];
  const left = allowTampered ? 'used all the same (--allow-tampered)' : 'not considered';
  if (tampered > 0) warnings.push(`${plural(tampered, 'point')} in ${input.repository} with a bad signature: ${left}`);
  if (unknown > 0)
    warnings.push(`${plural(unknown, 'point')} in ${input.repository} whose signing key is missing: ${left}`);
  for (const { point, kind, fact } of doubts.values()) {
    const use = kind === 'unread' ? NEWER : `${VOUCH} ${point} clean`;
    warnings.push(`${point} in ${input.repository} ${fact}: it was skipped; ${use}`);
  }
  const compromised = allowCompromised ? [] : compromisedOf(input);
  return { ...good, compromised, warnings: [...warnings, ...suspectWarnings(good.suspect, input.workloads)] };
}

/**
 * For a workload that a later run tried to copy and could not: its older copy is not a choice, and somebody must know.
 * @param entries in the order of the chain
 */
export function failedSince(entries: readonly CatalogEntry[], workload: string, chosen: Copy | undefined): string[] {
  for (const { outline, point, trust } of entries.toReversed()) {
    if (outline.id === chosen?.entry.outline.id) return [];
    if (outline.complete || trust !== 'ok') continue;
    const failed = point.failed?.find((each) => each.workload === workload);
    if (failed === undefined) continue;
    const used = chosen === undefined ? 'there is no copy of it' : `the copy of ${chosen.capture.capturedAt} is used`;
    return [
      `${workload} could not be copied in ${outline.id} (${failed.code}: ${failed.fact.split('\n')[0]}): ${used}`,
    ];
  }
  return [];
}

/** Written after the copy: by the chain, and for points without a number by their dates. */
export function isAfterCopy({ outline }: Pick<CatalogEntry, 'outline'>, copy: Copy): boolean {
  const own = copy.entry.outline.sequence;
  if (outline.sequence !== undefined && own !== undefined) return outline.sequence > own;
  return Date.parse(outline.endedAt) > copy.at;
}

/** The first compromised point that a replay from the copy to `to` would pass: when it ended, the damage was in the data. */
export function compromisedAfter(
  { compromised }: Candidates,
  copy: Copy,
  to = Number.POSITIVE_INFINITY,
): CompromisedPoint | undefined {
  return compromised.find((point) => isAfter(point, copy) && point.passedAt <= to);
}

function isAfter({ at, sequence }: CompromisedPoint, copy: Copy): boolean {
  const own = copy.entry.outline.sequence;
  return sequence !== undefined && own !== undefined ? sequence > own : at > copy.at;
}

/** A warning: newer copies than the chosen ones were skipped. */
export function skippedCompromised({ compromised }: Candidates, chosen: readonly Copy[], to?: number): string[] {
  const passed = compromised.filter(
    (point) =>
      point.passedAt <= (to ?? Number.POSITIVE_INFINITY) &&
      chosen.some((copy) => isAfter(point, copy) && point.workloads.includes(copy.capture.workload)),
  );
  return passed.length === 0 ? [] : [`skipped, because marked compromised: ${passed.map(({ id }) => id).join(', ')}`];
}
