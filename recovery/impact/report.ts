/** The impact of a change on recovery, for the reviewer, and the exit code. */
import { type Acceptance, applyAcceptances, type JudgedChange } from './accept.ts';
import { compare } from './compare.ts';
import type { BeforeAndAfter } from './declared.ts';

export interface ImpactReport {
  readonly stack: string;
  /** Every difference, and the objectives of the tiers in any case. */
  readonly changes: readonly JudgedChange[];
  /** What is worse and not accepted. */
  readonly refused: readonly string[];
  /** Whether the compared resources hold the plan: without it RPO and RTO are unknown. */
  readonly planSeen: boolean;
}

/** Throws `ACCEPT-UNKNOWN` (exit 2). */
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
