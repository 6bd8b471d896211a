/** Alerts for missing and stale metrics. */
import { seconds } from '../../../plan/duration.ts';
import type { Plan } from '../../../plan/types.ts';
import { type AlertRule, type RuleSettings, STALE } from './types.ts';

export function silenceRules(plan: Plan, settings: RuleSettings): AlertRule[] {
  const { job = 'dr-monitor', role, workloads, namespace } = settings;
  const runbook = 'dr monitor; dr doctor';
  const absent = (selector: string, what: string): AlertRule => ({
    alert: 'DrMetricMissing',
    expr: `absent(${selector})`,
    for: '10m',
    labels: { severity: 'warning', missing: what },
    annotations: { summary: `Nothing is known of ${what}`, description: `No value of ${selector}.`, runbook },
  });
  // A standby's Redis starts with its promotion; the cluster of a stack has an alert of its own.
  const others = [...(role === 'standby' ? ['redis'] : []), ...(namespace === undefined ? [] : ['kubernetes'])];
  const direct = plan.repositories.filter(({ written }) => written.by === 'engines');
  return [
    {
      alert: 'DrMonitorDown',
      expr: `absent(up{job="${job}"} == 1)`,
      for: STALE,
      labels: { severity: 'critical' },
      annotations: {
        summary: 'The exporter of dr can’t be scraped',
        description: 'Every other alert of this file is blind.',
        runbook,
      },
    },
    {
      alert: 'DrMonitorStale',
      expr: `time() - go_coffee_dr_refreshed_timestamp_seconds > ${seconds(STALE)}`,
      labels: { severity: 'critical' },
      annotations: {
        summary: 'The exporter of dr has not refreshed its values',
        description: 'It answers, with what it saw long ago.',
        runbook,
      },
    },
    {
      alert: 'DrNoAnswer',
      expr: `go_coffee_dr_answers${others.length === 0 ? '' : `{of!~"${others.join('|')}"}`} == 0`,
      for: STALE,
      labels: { severity: 'warning' },
      annotations: {
        summary: 'The exporter of dr gets no answer from {{ $labels.of }}',
        description:
          'What it reports about it is old, or missing. Its login, its rights or the network may be the cause.',
        runbook: 'dr health; dr doctor',
      },
    },
    ...(namespace === undefined ? [] : [clusterUnasked(namespace)]),
    ...direct.map(({ id }) => absent(`go_coffee_dr_repository_reachable{repository="${id}"}`, `repository ${id}`)),
    ...plan.workloads
      .filter(({ id }) => workloads?.includes(id) !== false)
      .map(({ id }) => absent(`go_coffee_dr_last_point_age_seconds{workload="${id}"}`, `copies of ${id}`)),
    ...(role === 'standby'
      ? [absent('go_coffee_dr_standby_lag_seconds', 'the standby')]
      : [absent('go_coffee_dr_wal_lag_seconds', 'the archived WAL')]),
    // A host need not know a cluster; a pod of a stack always does.
    ...(namespace === undefined ? [] : [absent('go_coffee_dr_answers{of="kubernetes"}', 'the cluster')]),
  ];
}

/** Without the API nobody notices that a namespace is gone, and no drill of the cluster is counted. */
function clusterUnasked(namespace: string): AlertRule {
  const account = `--as=system:serviceaccount:${namespace}:dr-monitor`;
  return {
    alert: 'DrClusterUnasked',
    expr: 'go_coffee_dr_answers{of="kubernetes"} == 0',
    for: STALE,
    labels: { severity: 'warning' },
    annotations: {
      summary: 'The exporter of dr can’t ask the cluster of the platform',
      description:
        'Its pod has no token, its account lacks a right, the API does not answer, or a namespace of the platform is gone. The exporter’s log says which.',
      runbook: `dr health; kubectl auth can-i list pods -n ${namespace} ${account}`,
    },
  };
}
