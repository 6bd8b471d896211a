/** Pure: what a failover would lose, from what can be seen. */
import { formatDuration } from '../../plan/duration.ts';
import { type DrError, precondition } from '../core/errors.ts';
import { formatBytes } from '../report/format.ts';
import type { ExpectedLoss, FailoverPlan, FailoverRequest } from './types.ts';

interface Seen {
  readonly declaredAt: Date;
  /** When the newest segment was stored: commits until a little before are in it. */
  readonly archivedAt: Date | undefined;
  /** Of the old leader; undefined where it can't be asked. */
  readonly unarchivedBytes: number | undefined;
  /** Its cluster can be reached, and its database runs. */
  readonly canShip: boolean;
}

/**
 * A leader that can be reached ships all of its WAL before it is stopped. Of one that can't, only the archive is left: what it
 * committed after the newest segment, until it went away.
 */
export function expectedLoss({ declaredAt, archivedAt, unarchivedBytes, canShip }: Seen): ExpectedLoss {
  if (canShip) {
    const bytes = unarchivedBytes === undefined ? '' : `, ${formatBytes(unarchivedBytes)} of it still to come`;
    return { seconds: 0, bytes: 0, why: `the old leader is stopped in order, and ships its WAL first${bytes}` };
  }
  if (archivedAt === undefined) {
    return { seconds: Number.POSITIVE_INFINITY, why: 'the archive of the followed lineage holds no WAL at all' };
  }
  const gap = Math.max(0, (declaredAt.getTime() - archivedAt.getTime()) / 1000);
  return {
    seconds: gap,
    why: `commits between the newest archived WAL and ${declaredAt.toISOString()}, if there were any`,
  };
}

export interface Limits {
  readonly maxLossSeconds: number;
  readonly limitFrom: string;
}

/** In the order in which they would be met. */
export function refusalsOf(plan: FailoverPlan, request: FailoverRequest, limits: Limits): DrError[] {
  const refusals: DrError[] = [];
  const refuse = (code: string, fact: string, hint: string): void => {
    refusals.push(precondition({ code, where: `stack ${plan.stack}`, fact, hint }));
  };
  if (!plan.preview.ok) {
    refuse('STACK-BROKEN', plan.preview.fact, `mend it first: pulumi preview --stack ${plan.stack}`);
  }
  if (plan.loss.seconds > limits.maxLossSeconds) {
    const lost = Number.isFinite(plan.loss.seconds) ? formatDuration(plan.loss.seconds) : 'everything';
    refuse(
      'LOSS-TOO-GREAT',
      `up to ${lost} would be lost (${plan.loss.why}), and ${formatDuration(limits.maxLossSeconds)} is the limit (${limits.limitFrom})`,
      'if the other site went away earlier, say when: --declared-at TIME; to accept it all the same: --max-loss DURATION',
    );
  }
  const reached = plan.oldCluster.state === 'reached';
  if (!reached && !request.allowUnfenced) {
    const why =
      plan.oldCluster.state === 'away'
        ? plan.oldCluster.fact
        : `nobody said where the cluster of ${plan.follows.lineage} is (--old-context)`;
    refuse(
      'UNFENCED',
      `the old leader can't be stopped from here: ${why}`,
      'stop it by other means, and type --allow-unfenced; it finds the fence in its repositories when it comes back',
    );
  }
  const open = Object.values(plan.fence).some(({ state }) => state === 'reached');
  if (!open) {
    const fact = 'no repository takes the fence: the old site would never learn that it has lost its lead';
    refuse('FENCE-NOWHERE', fact, 'one repository in S3 must be reachable from here, with the restorer’s keys');
  }
  return refusals;
}
