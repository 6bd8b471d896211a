/** The report of a failover: measured RTO and RPO, checks, timeline. Pure. */
import { seconds } from '../../plan/duration.ts';
import { rpoObjective } from '../../plan/objectives.ts';
import { selectWorkloads } from '../../plan/select.ts';
import type { Plan } from '../../plan/types.ts';
import { bytesBetween, formatLsn, type Lsn } from '../points/wal-segment.ts';
import { formatBytes } from '../report/format.ts';
import type { Measured, TimelineEvent, Verification } from '../report/types.ts';
import type { FailoverPlan, FailoverReport } from './types.ts';
import type { Verified } from './verify.ts';

export interface ReportFacts {
  readonly plan: Plan;
  readonly seen: FailoverPlan;
  /** Their offsets are computed by `failoverReport`. */
  readonly events: readonly TimelineEvent[];
  readonly verified: Verified;
  readonly endedAt: Date;
  readonly fenced: FailoverReport['fenced'];
  /** The last position that the old leader reported; undefined where it did not answer. */
  readonly written: Lsn | undefined;
  /** The command that leads the users to the standby's entrance. @default the stack has no switch for them */
  readonly moveUsers?: string | undefined;
}

const measured = (objectiveSeconds: number, measuredSeconds: number | undefined): Measured =>
  measuredSeconds === undefined
    ? { objectiveSeconds, met: false }
    : { objectiveSeconds, measuredSeconds, met: measuredSeconds <= objectiveSeconds };

/** Compares with the position that the old leader reported: the only proof that nothing is lost. */
function arrival({ written, verified }: ReportFacts): Verification[] {
  const { fork } = verified;
  // Without its last word there is nothing to prove; the loss is then measured from the last commit that arrived.
  if (written === undefined) return [];
  const check = {
    id: 'arrived',
    title: 'everything that the old leader wrote has arrived',
    expected: `replayed up to ${formatLsn(written)}`,
    evidence: 'the history file of the new timeline',
  };
  if (fork === undefined) return [{ ...check, actual: 'the leader has no history file to compare with', ok: false }];
  const missing = bytesBetween(fork.lsn, written);
  return [
    {
      ...check,
      actual:
        missing === 0
          ? `up to ${formatLsn(fork.lsn)}`
          : `up to ${formatLsn(fork.lsn)}: ${formatBytes(missing)} are missing`,
      ok: missing === 0,
    },
  ];
}

/** Zero where the old leader’s last position has arrived; otherwise from the last commit that arrived to the declared moment. */
function lostSeconds({ seen, verified }: ReportFacts, checks: readonly Verification[]): number | undefined {
  if (checks.some(({ ok }) => ok)) return 0;
  const standby = seen.standby.state === 'reached' ? seen.standby.found.lastCommit : undefined;
  const last = verified.leader.lastCommit?.toISOString() ?? standby;
  return last === undefined ? undefined : Math.max(0, (Date.parse(seen.declaredAt) - Date.parse(last)) / 1000);
}

export function failoverReport(facts: ReportFacts): FailoverReport {
  const { plan, seen, verified, endedAt, fenced } = facts;
  const [database] = selectWorkloads(plan, ['type:postgres']);
  const tier = plan.tiers.find(({ id }) => id === database?.tier);
  if (database === undefined || tier === undefined) throw new RangeError('the plan has no tier for PostgreSQL');
  const declared = Date.parse(seen.declaredAt);
  const arrived = arrival(facts);
  const offset = (at: string): number => (Date.parse(at) - declared) / 1000;
  // A stack with services: the tier is back when its services are checked; the `up` continues with later tiers.
  const backAt = facts.events.find((event) => event.tier === tier.id)?.at ?? endedAt.toISOString();
  const events = [
    ...facts.events,
    { at: endedAt.toISOString(), offsetSeconds: 0, tier: tier.id, event: 'the database leads, verified' },
  ];
  return {
    stack: seen.stack,
    lineage: seen.lineage,
    plan: seen,
    declaredAt: seen.declaredAt,
    endedAt: endedAt.toISOString(),
    rto: measured(seconds(tier.rto), offset(backAt)),
    rpo: measured(rpoObjective(plan, database) ?? seconds(tier.rpo), lostSeconds(facts, arrived)),
    fenced,
    verification: [...verified.checks, ...arrived],
    timeline: events.map((event) => ({ ...event, offsetSeconds: offset(event.at) })),
    fullBackup: verified.fullBackup,
    next: nextOf(facts),
  };
}

function nextOf({ seen, fenced, moveUsers }: ReportFacts): string[] {
  return [
    ...(moveUsers === undefined ? [] : [`lead the users to the standby’s entrance: ${moveUsers}`]),
    'dr health --comprehensive, then notify the users (dr plan show -o json lists the channels)',
    ...(fenced === 'cluster'
      ? []
      : [`${seen.follows.lineage} was not stopped: make sure that it does not run before somebody writes to it`]),
    ...seen.detach.map(
      (id) =>
        `${id} does not answer and gets no copy: when it is back, dr repository attach ${id} --stack ${seen.stack}`,
    ),
    `bring the old site back as a standby: dr failback --stack STACK --of ${seen.stack}`,
  ];
}
