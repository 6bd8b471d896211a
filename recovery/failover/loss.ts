/** Estimates what a failover would lose. Pure. */
import { formatDuration } from '../../plan/duration.ts';
import { type DrError, precondition } from '../core/errors.ts';
import { formatBytes } from '../report/format.ts';
import type { ExpectedLoss, FailoverPlan, FailoverRequest } from './types.ts';

interface Observed {
  readonly declaredAt: Date;
  /** When the newest segment was stored. It holds commits until shortly before. */
  readonly archivedAt: Date | undefined;
  /** WAL of the old leader that is not archived; undefined where it does not answer. */
  readonly unarchivedBytes: number | undefined;
  /** Its cluster is reachable and its database runs. */
  readonly canShip: boolean;
}

/**
 * A reachable leader ships all of its WAL before it is stopped. Of an unreachable one only the archive remains: commits after the newest
 * segment are lost.
 */
export function expectedLoss({ declaredAt, archivedAt, unarchivedBytes, canShip }: Observed): ExpectedLoss {
  if (canShip) {
    const bytes = unarchivedBytes === undefined ? '' : ` (${formatBytes(unarchivedBytes)} not archived yet)`;
    return { seconds: 0, bytes: 0, why: `the old leader is stopped cleanly and ships its WAL first${bytes}` };
  }
  if (archivedAt === undefined) {
    return { seconds: Number.POSITIVE_INFINITY, why: 'the archive of the followed lineage holds no WAL' };
  }
  const gap = Math.max(0, (declaredAt.getTime() - archivedAt.getTime()) / 1000);
  return {
    seconds: gap,
    why: `commits between the newest archived WAL and ${declaredAt.toISOString()}`,
  };
}

export interface Limits {
  readonly maxLossSeconds: number;
  readonly limitFrom: string;
}

/** `max_connections 100 (leader: 300)` for each that the standby has less of. */
function tooLow({ standby, oldCluster }: FailoverPlan): string[] {
  const wanted = oldCluster.state === 'reached' ? oldCluster.found.capacity : undefined;
  const has = standby.state === 'reached' ? standby.found.capacity : undefined;
  return Object.entries(wanted ?? {}).flatMap(([name, least]) => {
    const value = has?.[name];
    return value === undefined || value >= least ? [] : [`${name} ${value} (leader: ${least})`];
  });
}

/** In the order in which a run would meet them. */
export function refusalsOf(plan: FailoverPlan, request: FailoverRequest, limits: Limits): DrError[] {
  const refusals: DrError[] = [];
  const refuse = (code: string, fact: string, hint: string): void => {
    refusals.push(precondition({ code, where: `stack ${plan.stack}`, fact, hint }));
  };
  if (!plan.preview.ok) {
    refuse('STACK-BROKEN', plan.preview.fact, `fix it first: pulumi preview --stack ${plan.stack}`);
  }
  if (plan.standby.state === 'reached' && plan.standby.found.paused === true) {
    refuse(
      'REPLAY-PAUSED',
      `${plan.standby.found.pod} has stopped replaying: it would be promoted without what came since`,
      'see its log; a setting that is lower than the leader’s belongs into postgres.parameters, or: SELECT pg_wal_replay_resume()',
    );
  }
  const low = tooLow(plan);
  if (low.length > 0) {
    refuse(
      'STANDBY-SETTINGS',
      `settings of the standby are lower than its leader’s, and it would stop replaying: ${low.join(', ')}`,
      'state them in postgres.parameters of both stacks, then pulumi up of the standby',
    );
  }
  if (plan.loss.seconds > limits.maxLossSeconds) {
    const lost = Number.isFinite(plan.loss.seconds) ? formatDuration(plan.loss.seconds) : 'everything';
    refuse(
      'LOSS-TOO-GREAT',
      `up to ${lost} would be lost (${plan.loss.why}); the limit is ${formatDuration(limits.maxLossSeconds)} (${limits.limitFrom})`,
      'if the other site failed earlier: --declared-at TIME; to accept the loss: --max-loss DURATION',
    );
  }
  const reached = plan.oldCluster.state === 'reached';
  if (!reached && !request.allowUnfenced) {
    const why =
      plan.oldCluster.state === 'away'
        ? plan.oldCluster.fact
        : `no cluster is named for ${plan.follows.lineage} (--old-context)`;
    refuse(
      'UNFENCED',
      `the old leader can't be stopped from here: ${why}`,
      'stop it by other means, then add --allow-unfenced; when it comes back, it finds the fence in its repositories',
    );
  }
  const open = Object.values(plan.fence).some(({ state }) => state === 'reached');
  if (!open) {
    const fact = 'the fence can’t be written to any repository, so the old site would not stop leading';
    refuse('FENCE-NOWHERE', fact, 'make one repository in S3 reachable from here, with the restorer’s keys');
  }
  return refusals;
}
