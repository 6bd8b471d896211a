/** What the platform uses and a capture does not hold: named at the capture, in the point, and when it comes back. */
import type { ObjectPart } from '../../../../plan/types.ts';

export interface Gap {
  /** The part that tells of it. */
  readonly part: ObjectPart;
  /** `Secret infra/registry`, `APIService v1.example.com` */
  readonly what: string;
  /** Who uses it, and why it is not captured. */
  readonly why: string;
}

const SHOWN = 3;

/** `a, b, c and 2 more` */
export function few(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return more > 0 ? `${names.slice(0, SHOWN).join(', ')} and ${more} more` : names.join(', ');
}

/** One line for each thing, however many tell of it; sorted, without those of other parts. */
export function gapLines(gaps: readonly Gap[], part: ObjectPart): string[] {
  const own = gaps.filter((gap) => gap.part === part);
  return [...new Set(own.map(({ what, why }) => `${what}: ${why}`))].sort();
}
