/** Pure: a rebuild that was a drill, in the form of every drill's report: the same clocks, and what came of the teardown. */
import { seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import { EXIT } from '../../recovery/core/errors.ts';
import { exitFor, gravestOf } from '../../recovery/core/exit.ts';
import type { Remembered } from '../../recovery/rebuild/data/database.ts';
import { rebuildReport } from '../../recovery/rebuild/report.ts';
import type { DataCheck, RebuildOutcome } from '../../recovery/rebuild/types.ts';
import type { DrillEnvironment, DrillReport, Throughput } from '../../recovery/report/types.ts';

export interface ClusterReportFacts {
  readonly plan: Plan;
  readonly outcome: RebuildOutcome;
  readonly remembered: Remembered;
  /** What came of the teardown; empty where the platform was kept. */
  readonly after: readonly DataCheck[];
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly environment: DrillEnvironment;
}

/** A cluster that is really lost can't be staged beside the one that runs: what is drilled is the way back from it. */
export const CLUSTER_SCENARIO = 'complete-failure';

/** The stores are restored first, and the first tier is checked right after them. */
function throughputOf({ plan, outcome, remembered }: ClusterReportFacts): Throughput | undefined {
  const took = outcome.tiers[0]?.seconds;
  const { database, redis } = remembered;
  if (outcome.failure !== undefined || took === undefined || took === 0 || database === undefined) return undefined;
  const bytes = database.bytes + (redis?.bytes ?? 0);
  const rate = bytes / took;
  const limits = plan.tiers.map(({ id, rto }) => [id, Math.round(rate * seconds(rto))] as const);
  return {
    bytesRestored: bytes,
    seconds: took,
    megabytesPerSecond: rate / 1e6,
    rtoDataLimitBytes: Object.fromEntries(limits),
  };
}

export function clusterDrillReport(facts: ClusterReportFacts): DrillReport {
  const { plan, outcome, after, startedAt, endedAt, environment } = facts;
  const { context, declaredAt, namespaces, target } = outcome.plan;
  const report = rebuildReport(plan, outcome, environment);
  const title = plan.scenarios.find(({ id }) => id === CLUSTER_SCENARIO)?.title ?? CLUSTER_SCENARIO;
  const leftBehind = exitFor({ verificationFailed: after.some(({ ok }) => !ok) });
  const exit = outcome.failure?.exit ?? gravestOf([report.exit, leftBehind]);
  const throughput = throughputOf(facts);
  const declared = {
    at: declaredAt,
    offsetSeconds: 0,
    event: 'the platform counts as lost',
    detail: 'nothing was destroyed',
  };
  return {
    ...report,
    kind: 'DrillReport',
    scenario: CLUSTER_SCENARIO,
    title: `${title}: rebuilt in ${String(namespaces.platform)} of ${context}`,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt.toISOString(),
    passed: exit === EXIT.ok,
    exit,
    target: { ...report.target, description: `${target}: ${report.target.description}` },
    timeline: [declared, ...report.timeline],
    verification: [...report.verification, ...after.map((check, n) => ({ id: `after-${n + 1}`, ...check }))],
    ...(throughput === undefined ? {} : { throughput }),
  };
}
