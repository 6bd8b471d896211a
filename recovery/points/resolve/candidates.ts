/** Which copies may be chosen, and warnings for the others. */
import { plural } from '../../report/format.ts';
import type { CatalogEntry } from '../catalog/types.ts';
import { type Copy, copiesByWorkload } from '../catalog/window.ts';
import { isCompromised } from '../marks.ts';
import type { ResolveInput } from './types.ts';

export interface Candidates {
  /** Copies that may be chosen, by workload, oldest first. */
  readonly copies: ReadonlyMap<string, readonly Copy[]>;
  /** Skipped points, because they are marked compromised; oldest first. Replay must not pass them. */
  readonly compromised: readonly CatalogEntry[];
  readonly warnings: readonly string[];
}

/** Points whose signature is good. */
export function trustedOf({ entries }: Pick<ResolveInput, 'entries'>): CatalogEntry[] {
  return entries.filter(({ trust }) => trust === 'ok');
}

export function candidatesOf(input: ResolveInput): Candidates {
  const { entries, allowTampered = false, allowCompromised = false } = input;
  const tampered = entries.filter((e) => e.trust === 'tampered').length;
  const unknown = entries.filter((e) => e.trust === 'unknown-key').length;
  const trusted = allowTampered ? entries : entries.filter((e) => e.trust === 'ok');
  const compromised = allowCompromised ? [] : trusted.filter(isCompromised);
  const taken = trusted.filter((entry) => !compromised.includes(entry));
  const warnings: string[] = [];
  const left = allowTampered ? 'used all the same (--allow-tampered)' : 'not considered';
  if (tampered > 0) warnings.push(`${plural(tampered, 'point')} in ${input.repository} with a bad signature: ${left}`);
  if (unknown > 0)
    warnings.push(`${plural(unknown, 'point')} in ${input.repository} whose signing key is missing: ${left}`);
  return { copies: copiesByWorkload(taken), compromised, warnings };
}

/** For a workload that the newest run tried to copy and could not: its older copy is not a choice, and somebody must know. */
export function failedSince(
  entries: readonly CatalogEntry[],
  {
    workload,
    chosen,
    limit = Number.POSITIVE_INFINITY,
  }: { workload: string; chosen: Copy | undefined; limit?: number },
): string[] {
  for (const entry of entries.toReversed()) {
    const started = Date.parse(entry.outline.startedAt);
    if (started > limit) continue;
    if (entry.outline.id === chosen?.entry.outline.id || started <= (chosen?.at ?? 0)) return [];
    if (entry.outline.complete) continue;
    const failed = entry.point.failed?.find((each) => each.workload === workload);
    if (failed === undefined) continue;
    const used = chosen === undefined ? 'there is no copy of it' : `the copy of ${chosen.capture.capturedAt} is used`;
    return [
      `${workload} could not be copied in ${entry.outline.id} (${failed.code}: ${failed.fact.split('\n')[0]}): ${used}`,
    ];
  }
  return [];
}

/** The newest copy at or before `limit` (milliseconds since 1970). Expects them sorted. */
export function newestUpTo(copies: readonly Copy[] | undefined, limit = Number.POSITIVE_INFINITY): Copy | undefined {
  return copies?.findLast((copy) => copy.at <= limit);
}

/** The first compromised point that a replay from `from` to `to` would pass: when it ended, the damage was in the data. */
export function compromisedBetween(
  compromised: readonly CatalogEntry[],
  from: number,
  to = Number.POSITIVE_INFINITY,
): CatalogEntry | undefined {
  return compromised.find(({ point }) => Date.parse(point.endedAt) > from && Date.parse(point.startedAt) <= to);
}
