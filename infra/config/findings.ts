/** What a stack's config leaves unprotected or unheard. None of it keeps the stack from coming up, so the preview names it. Pure. */
import { dataSourceOf } from '../../plan/data-source.ts';
import { isFolder } from '../../plan/declared/volumes.ts';
import { isExtension, type Plan, type Workload } from '../../plan/types.ts';
import { externalFindings } from './external/findings.ts';
import { isIsolated } from './role.ts';
import type { GitSource, StackConfig } from './types.ts';

type Sources = Pick<StackConfig, 'folders' | 'git' | 'platformVolumes'>;

function isBackedUp({ folders, git, platformVolumes }: Sources, workload: Workload): boolean {
  if (isExtension(workload.type)) return false;
  switch (dataSourceOf(workload)) {
    case 'postgres':
    case 'redis':
      return true;
    case 'git':
      return git !== undefined;
    default:
      return (
        workload.objects !== undefined || workload.id in folders || platformVolumes.some(({ id }) => id === workload.id)
      );
  }
}

/** Ids of the workloads that the stack's jobs copy. */
export function backedUp(plan: Pick<Plan, 'workloads'>, sources: Sources): string[] {
  return plan.workloads.filter((workload) => isBackedUp(sources, workload)).map(({ id }) => id);
}

/** Ids of the workloads that pods have as folders or mirror themselves: those of `--only` besides the stores and the API's objects. */
export function copiedInPods(
  plan: Pick<Plan, 'workloads'>,
  { folders, git }: Pick<Sources, 'folders' | 'git'>,
): string[] {
  const mirrored = git === undefined ? [] : plan.workloads.filter(({ type }) => type === 'git').map(({ id }) => id);
  return [...Object.keys(folders), ...mirrored];
}

type Alerting = Pick<StackConfig, 'plan' | 'monitoring' | 'notifications'>;

/** Who gets the alerts of the cluster: names for dr.yaml; `none` where the plan wants nobody, undefined where nobody is named. */
export function alertReceivers({ plan, monitoring, notifications }: Alerting): readonly string[] | 'none' | undefined {
  const { targetNames } = notifications;
  const receivers = [
    ...(targetNames.includes('slackWebhook') ? ['slack'] : []),
    ...(targetNames.includes('pagerdutyUrl') ? ['pagerduty'] : []),
  ];
  // Without the operator nothing routes to them.
  if (monitoring.prometheusOperator && receivers.length > 0) return receivers;
  return plan.alerts.none ? 'none' : undefined;
}

const hintOf = (workload: Workload): string => {
  const { id, type } = workload;
  if (type === 'git') return 'git: {repositories: {NAME: https://…}}';
  if (isExtension(type)) return 'its settings have no key in a stack: back it up from a host';
  if (!isFolder(workload)) return `folders: {${id}: CLAIM}`;
  return `folders: {${id}: CLAIM}, or volumes: {${id}: {claim: CLAIM, …}} for a claim of the platform`;
};

function unheard({ monitoring, notifications }: Alerting): string {
  const named = notifications.targetNames.some((name) => name !== 'pingUrl');
  if (named && !monitoring.prometheusOperator) {
    return (
      'no alert of the cluster reaches anybody: alertTargets are routed by the Prometheus operator, which this stack does not use; ' +
      'set monitoring.prometheusOperator, or route the rules of the ConfigMap dr-alert-rules and write plan: {alerts: {none: true}}'
    );
  }
  return (
    'no alert of the cluster reaches anybody: set slackWebhook or pagerdutyUrl of the secret alertTargets, ' +
    'or say that this is meant: plan: {alerts: {none: true}}'
  );
}

/** Sentences for the preview. Empty for a drill's platform, which protects nothing. */
export function previewFindings(config: StackConfig): string[] {
  if (isIsolated(config)) return [];
  const { plan, monitoring } = config;
  const known = backedUp(plan, config);
  const missing = plan.workloads.filter(({ id }) => !known.includes(id));
  const workloads = missing.map((each) => `workload ${each.id} is not backed up: ${hintOf(each)}`);
  const scraped =
    monitoring.namespace === undefined ? ['Prometheus may not scrape the monitor: set monitoring.namespace'] : [];
  return [
    ...externalFindings(config),
    ...workloads,
    ...(alertReceivers(config) === undefined ? [unheard(config)] : []),
    ...scraped,
  ];
}

/** Ports of the servers that backups mirror from. */
export function gitPorts({ repositories }: GitSource): number[] {
  const ports = Object.values(repositories).map((url) => Number(new URL(url).port || 443));
  return [...new Set(ports)].sort((a, b) => a - b);
}
