/** Pure: a rebuild that was a drill, in the form of every drill's report: the same clocks, and what came of the teardown. */
import { seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import { EXIT, type ExitCode } from '../../recovery/core/errors.ts';
import type { RecordedCaptures } from '../../recovery/rebuild/data/database.ts';
import { rebuildReport } from '../../recovery/rebuild/report.ts';
import type { DataCheck, RebuildOutcome } from '../../recovery/rebuild/types.ts';
import type { DrillEnvironment, DrillReport, Throughput } from '../../recovery/report/types.ts';

export interface ClusterReportFacts {
  readonly plan: Plan;
  readonly outcome: RebuildOutcome;
  readonly recorded: RecordedCaptures;
  /** What came of the teardown; empty where the platform was kept. */
  readonly after: readonly DataCheck[];
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly environment: DrillEnvironment;
}

/** A cluster that is really lost can't be staged beside the one that runs: what is drilled is the way back from it. */
export const CLUSTER_SCENARIO = 'complete-failure';

/** The stores are restored first, and the first tier is checked right after them. */
function throughputOf({ plan, outcome, recorded }: ClusterReportFacts): Throughput | undefined {
  const took = outcome.tiers[0]?.seconds;
  const { database, redis } = recorded;
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

/** A recovery that failed weighs more than a platform that was left behind, and that more than a late one. */
function exitOf(rebuilt: ExitCode, after: readonly DataCheck[]): ExitCode {
  const good: readonly ExitCode[] = [EXIT.ok, EXIT.objectiveMissed];
  return good.includes(rebuilt) && after.some(({ ok }) => !ok) ? EXIT.verificationFailed : rebuilt;
}

export function clusterDrillReport(facts: ClusterReportFacts): DrillReport {
  const { plan, outcome, after, startedAt, endedAt, environment } = facts;
  const { context, declaredAt, namespaces, target } = outcome.plan;
  const report = rebuildReport(plan, outcome, environment);
  const title = plan.scenarios.find(({ id }) => id === CLUSTER_SCENARIO)?.title ?? CLUSTER_SCENARIO;
  const exit = exitOf(report.exit, after);
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
    title: `${title}: rebuilt in ${namespaces.platform} of ${context}`,
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
