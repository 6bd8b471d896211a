/** The impact of a change on recovery, for the reviewer, and the exit code. */
import type { Load } from '../../plan/cost/volumes.ts';
import { type Acceptance, applyAcceptances, type JudgedChange } from './accept.ts';
import { type Change, compare, type Verdict } from './compare.ts';
import { costChange } from './cost.ts';
import type { BeforeAndAfter } from './declared.ts';
import { planOf } from './facts/plan.ts';
import { type Failover, failoverOf } from './failover.ts';
import { headline } from './headline.ts';

export interface ImpactReport {
  readonly stack: string;
  /** What gets worse for whom, in one sentence; undefined where nothing does. */
  readonly headline?: string | undefined;
  /** Whether the lead moves to this stack or away from it. */
  readonly failover?: Failover | undefined;
  /** Every difference, the worst first, and the objectives of the tiers in any case. */
  readonly changes: readonly JudgedChange[];
  /** What is worse, or of unknown meaning, and not accepted. */
  readonly refused: readonly string[];
  /** Whether the compared resources hold the plan: without it RPO and RTO are unknown. */
  readonly planSeen: boolean;
}

/** `--accept "failover=…"` */
const LEAD = 'failover';

const GRAVITY: Readonly<Record<Verdict, number>> = { worse: 0, unknown: 1, better: 3, changed: 3, new: 4, same: 5 };
const ACCEPTED = 2;

function gravity({ verdict, accepted }: JudgedChange): number {
  return accepted === undefined ? GRAVITY[verdict] : ACCEPTED;
}

/** What moves with the lead: where users are sent, and which alerts a leader or a standby has. */
const MOVES =
  /^((condition|patience|severity) of )?alert |\b(HealthCheck|Record) traffic-|^command of dr in Deployment dr-monitor$/;

/** The lead is a row of its own, so that nobody moves it by a green check. Its companions are neither worse nor unknown. */
function withLead(changes: readonly Change[], failover: Failover | undefined): Change[] {
  if (failover === undefined) return [...changes];
  const [before, after] =
    failover.lead === 'takes' ? ['another site leads', 'this stack leads'] : ['this stack leads', 'another site leads'];
  const moved = changes.map((change) =>
    MOVES.test(change.what) && change.verdict !== 'same' ? { ...change, verdict: 'changed' as const } : change,
  );
  return [{ area: 'data', what: LEAD, before, after, verdict: 'worse' }, ...moved];
}

export interface ImpactOptions {
  /** For the row of the cost. @default PostgreSQL's volumes */
  readonly load?: Load | undefined;
}

/** Throws `ACCEPT-UNKNOWN` (exit 2). */
export function impactOf(
  sides: BeforeAndAfter,
  acceptances: readonly Acceptance[],
  { load }: ImpactOptions = {},
): ImpactReport {
  const failover = failoverOf(sides);
  const all = applyAcceptances(
    [...withLead(compare(sides), failover), ...[costChange(sides, load) ?? []].flat()],
    acceptances,
  );
  const objectives = all
    .filter(({ area }) => area === 'rpo' || area === 'rto')
    .filter(({ what }) => /\bRPO\b|\bRTO\b/.test(what));
  const changes = all
    .filter((change) => change.verdict !== 'same' || objectives.includes(change))
    .sort((a, b) => gravity(a) - gravity(b));
  const plan = planOf(sides.after.resources) ?? planOf(sides.before.resources);
  return {
    stack: sides.after.stack === 'unknown' ? sides.before.stack : sides.after.stack,
    headline: headline(
      changes.filter(({ what }) => what !== LEAD),
      plan,
    ),
    failover,
    changes,
    refused: changes
      .filter(({ verdict, accepted }) => (verdict === 'worse' || verdict === 'unknown') && accepted === undefined)
      .map(({ what }) => what),
    planSeen: objectives.length > 0,
  };
}
