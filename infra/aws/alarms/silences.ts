/**
 * The dead man's switches outside of the cluster: which objects must keep arriving in a bucket, and how long a silence may last. They work
 * even when the whole platform has failed silently, because they run in AWS alone.
 */
import { DAY_SECONDS, HOUR_SECONDS, seconds } from '../../../plan/duration.ts';
import { layout, lineageName, STANZA } from '../../../plan/layout.ts';
import { fullInterval } from '../../../plan/limits.ts';
import { worstCaseRpo } from '../../../plan/objectives.ts';
import type { Plan } from '../../../plan/types.ts';

export interface Silence {
  readonly id: 'points' | 'full' | 'wal';
  /** What is missing when the alarm fires. */
  readonly title: string;
  /** EventBridge's wildcard over keys of objects. */
  readonly keys: string;
  readonly seconds: number;
}

/** CloudWatch looks back a week, and only a day in periods of less than an hour. */
const WEEK_SECONDS = 7 * DAY_SECONDS;

export interface Window {
  readonly period: number;
  readonly evaluationPeriods: number;
}

/** The finest window that CloudWatch offers for so long a silence; undefined beyond a week. */
export function windowOf(length: number): Window | undefined {
  const period = length <= HOUR_SECONDS ? 60 : length <= DAY_SECONDS ? 300 : HOUR_SECONDS;
  const evaluationPeriods = Math.ceil(length / period);
  return evaluationPeriods * period > WEEK_SECONDS ? undefined : { period, evaluationPeriods };
}

/** The longest time between two points: the shortest RPO of the workloads that schedules protect. */
function pointSilence(plan: Plan): number {
  const scheduled = worstCaseRpo(plan).filter(({ workload }) =>
    plan.workloads.some(({ id, continuous }) => id === workload && continuous === undefined),
  );
  return Math.min(...scheduled.map(({ objectiveSeconds }) => objectiveSeconds));
}

/** From one full backup to the next, plus the longest run and the longest copy. */
function fullSilence(plan: Plan): number {
  const longest = Math.max(
    ...plan.schedules.filter(({ kind }) => kind === 'full').map(({ longestRun }) => seconds(longestRun)),
  );
  const copy = Math.max(
    ...plan.repositories.map(({ written }) => (written.by === 'engines' ? seconds(written.copyDelay) : 0)),
  );
  return fullInterval(plan) + longest + copy;
}

/** For any repository, whichever site writes to it. Frequent points satisfy the first switch, so full backups have their own. */
export function pointSilences(plan: Plan): Silence[] {
  const { catalogPrefix } = layout(plan.environment);
  return [
    { id: 'points', title: 'No new recovery point', keys: `${catalogPrefix}*`, seconds: pointSilence(plan) },
    { id: 'full', title: 'No new full backup', keys: `${catalogPrefix}*-full-*`, seconds: fullSilence(plan) },
  ];
}

/** For a primary site. An idle database also completes WAL segments, because the heartbeat writes. */
export function walSilence(plan: Plan, site: string, generation: number): Silence | undefined {
  const continuous = plan.workloads.flatMap((workload) => workload.continuous ?? []);
  if (continuous.length === 0) return undefined;
  const limit = Math.max(
    ...continuous.map(({ archiveTimeout, pushDelay }) => seconds(archiveTimeout) + seconds(pushDelay)),
  );
  const folder = layout(plan.environment).pgbackrest(lineageName(site, generation));
  return { id: 'wal', title: `No WAL of ${site} arrives`, keys: `${folder}/archive/${STANZA}/*`, seconds: limit };
}
