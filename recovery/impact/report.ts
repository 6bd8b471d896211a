/** The impact of a change as a whole: what a reviewer reads, and what ends the check. */
import { type Acceptance, applyAcceptances, type JudgedChange } from './accept.ts';
import { compare } from './compare.ts';
import type { BeforeAndAfter } from './declared.ts';

export interface ImpactReport {
  readonly stack: string;
  /** All that differs, and the objectives of the tiers whether they do or not. */
  readonly changes: readonly JudgedChange[];
  /** What is worse and nobody has accepted. */
  readonly refused: readonly string[];
  /** Whether the plan is among what was compared: without it nothing is known of RPO and RTO. */
  readonly planSeen: boolean;
}

/** Throws DrError (exit 2) for an acceptance that names nothing. */
export function impactOf(sides: BeforeAndAfter, acceptances: readonly Acceptance[]): ImpactReport {
  const all = applyAcceptances(compare(sides), acceptances);
  const objectives = all.filter(({ area }) => area === 'rpo' || area === 'rto');
  return {
    stack: sides.after.stack === 'unknown' ? sides.before.stack : sides.after.stack,
    changes: all.filter((change) => change.verdict !== 'same' || objectives.includes(change)),
    refused: all
      .filter(({ verdict, accepted }) => verdict === 'worse' && accepted === undefined)
      .map(({ what }) => what),
    planSeen: objectives.length > 0,
  };
}
