/** Alerts for failed backups and for workloads without a new point. */
import { isOnlyDump } from '../../../plan/declared/external.ts';
import { formatDuration } from '../../../plan/duration.ts';
import { worstPointAge } from '../../../plan/limits.ts';
import { rpoObjective } from '../../../plan/objectives.ts';
import type { Plan, Workload } from '../../../plan/types.ts';
import { type AlertRule, type RuleSettings, SEVERITY, unlessNew, type VisitingJobs } from './types.ts';

export function backupRules(plan: Plan, { namespace, visitors = [] }: RuleSettings): AlertRule[] {
  const labels = { severity: SEVERITY[plan.thresholds.backupFailure] };
  const annotations = {
    description: 'It failed, or left no recovery point by the time that it may take at most.',
    runbook: 'dr points; dr doctor; dr backup --kind incremental',
  };
  const failed: AlertRule = {
    alert: 'DrBackupFailed',
    expr: 'go_coffee_dr_backup_last_run_failed == 1',
    labels,
    annotations: { summary: 'The last backup run of schedule {{ $labels.schedule }} failed', ...annotations },
  };
  const workload: AlertRule = {
    alert: 'DrWorkloadFailed',
    expr: 'max by (workload) (go_coffee_dr_workload_backup_failed) == 1',
    labels,
    annotations: {
      summary: 'The newest backup lacks {{ $labels.workload }}',
      description: 'Its point holds the other workloads and says why. A restore would take an older copy of this one.',
      runbook: 'dr points; dr backup --kind incremental --only {{ $labels.workload }}',
    },
  };
  if (namespace === undefined) return [failed, workload];
  const job: AlertRule = {
    alert: 'DrJobFailed',
    // A failed Job is kept for its log. After a day it is not worth an alert.
    expr: [{ namespace, names: 'dr-.+' }, ...visitors].map(failedJobs).join(' or '),
    labels,
    annotations: {
      summary: 'Job {{ $labels.job_name }} failed',
      description:
        'A scheduled run of backup, verification, pruning, export or drill, or a Job that fills a volume, ended with an error.',
      runbook: `kubectl -n {{ $labels.namespace }} logs job/{{ $labels.job_name }}`,
    },
  };
  return [failed, workload, job];
}

/** The names are written twice, because the second metric must not look at all Jobs of the cluster. */
function failedJobs({ namespace, names }: VisitingJobs): string {
  const jobs = `namespace="${namespace}",job_name=~"${names}"`;
  return `kube_job_failed{${jobs},condition="true"} == 1 and on (namespace, job_name) time() - kube_job_status_start_time{${jobs}} < 86400`;
}

export function pointRules(plan: Plan): AlertRule[] {
  return plan.workloads.flatMap((workload) => {
    const limit = pointLimit(plan, workload);
    if (!Number.isFinite(limit.seconds)) return [];
    return [
      {
        alert: 'DrNoNewPoint',
        expr: `min(go_coffee_dr_last_point_age_seconds{workload="${workload.id}"}) > ${limit.seconds}${unlessNew(`workload="${workload.id}"`, limit.seconds)}`,
        labels: { severity: limit.severity, tier: workload.tier, workload: workload.id },
        annotations: {
          summary: `No new recovery point of ${workload.id} for more than ${formatDuration(limit.seconds)}`,
          description: `${workload.title} (${workload.tier}): ${limit.why}. No repository that could be asked has a newer copy.`,
          runbook: `dr points; dr backup --kind incremental --only ${workload.id}`,
        },
      },
    ];
  });
}

/** For a workload with log shipping, or without an RPO of its own, an overdue point is only a warning. */
function pointLimit(
  plan: Plan,
  workload: Workload,
): { readonly seconds: number; readonly severity: 'warning' | 'critical'; readonly why: string } {
  const objective = rpoObjective(plan, workload);
  if (objective !== undefined && workload.continuous === undefined) {
    // Dumps of an external PostgreSQL can't keep it: an alert at each hour would be heard by nobody.
    const limit = isOnlyDump(workload) ? Math.max(objective, worstPointAge(plan, workload)) : objective;
    return { seconds: limit, severity: 'critical', why: `its RPO of ${formatDuration(objective)} is missed` };
  }
  const overdue = worstPointAge(plan, workload);
  return {
    seconds: overdue,
    severity: 'warning',
    why: `by its schedules one is due every ${formatDuration(overdue)} at worst`,
  };
}
