/** The exporter, and the rules and dashboard for Prometheus and Grafana, rendered from the plan. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Plan } from '../../plan/types.ts';
import { controllerSelector, type EgressTarget, labelsOf, selectorOf } from '../cluster/labels.ts';
import { KEY_FILES, PATHS } from '../cluster/paths.ts';
import type { Resources } from '../cluster/pod-security.ts';
import { MONITOR, PORTS } from '../cluster/ports.ts';
import type { LocalRepository } from '../cluster/repository.ts';
import type { VolumeAccess } from '../cluster/shared-volumes.ts';
import { backedUp } from '../config/findings.ts';
import { watchedAs } from '../config/role.ts';
import type { Role, StackConfig } from '../config/types.ts';
import { visitingJobs } from '../config/volumes/names.ts';
import { type DrPod, drPodLabels, drPodSpec } from '../jobs/dr-pod.ts';
import { dashboard } from './dashboard.ts';
import type { VisitingJobs } from './rules/types.ts';
import { alertRules, rulesYaml } from './rules.ts';

export interface MonitorArgs {
  readonly plan: Plan;
  readonly role: Role;
  /** Ids of the workloads that this stack backs up. */
  readonly workloads: readonly string[];
  readonly namespace: string;
  /** What the stack runs in namespaces of the platform. */
  readonly visitors: readonly VisitingJobs[];
  readonly image: string;
  readonly serviceAccount: pulumi.Input<string>;
  readonly localRepository?: LocalRepository | undefined;
  readonly volumeAccess: VolumeAccess;
  /** Whether the cluster knows ServiceMonitor, PrometheusRule and AlertmanagerConfig. */
  readonly prometheusOperator: boolean;
  /** Of the operator's objects, for its selectors. */
  readonly labels: Readonly<Record<string, string>>;
  /** Whether the Secret `OBJECTS.alerts` holds a URL that the exporter calls after each good refresh. */
  readonly pings: boolean;
  readonly resources: Resources;
}

const REFRESH_SECONDS = 60;
const SCRATCH = '1Gi';

/** Pure. */
function monitorPod(args: MonitorArgs): DrPod {
  const { role, image, serviceAccount, localRepository, pings } = args;
  const egress: EgressTarget[] = [
    'dns',
    'object-storage',
    'postgres',
    'redis',
    'kubernetes-api',
    ...(pings ? (['alerting'] as const) : []),
  ];
  const http = { httpGet: { path: '/healthz', port: PORTS.metrics } };
  return {
    name: MONITOR,
    image,
    args: [
      'monitor',
      '--serve',
      '--listen',
      '0.0.0.0',
      '--port',
      String(PORTS.metrics),
      '--interval',
      `${REFRESH_SECONDS}s`,
      // A standby takes no writes, and replays its source's heartbeat.
      ...(role === 'standby' ? [] : ['--heartbeat']),
      ...(pings ? ['--ping-url-file', `${PATHS.alerts}/${KEY_FILES.ping}`] : []),
    ],
    serviceAccount,
    egress,
    material: ['keys', 'stores', 'restorer', ...(pings ? (['alerts'] as const) : [])],
    localRepository: localRepository?.path,
    repositoryReadOnly: true,
    volumeAccess: args.volumeAccess,
    resources: args.resources,
    scratch: SCRATCH,
    ports: [{ name: 'metrics', containerPort: PORTS.metrics }],
    probes: {
      // The exporter first answers after its first refresh, which reads every catalog.
      readinessProbe: { ...http, periodSeconds: 10, failureThreshold: 3 },
      livenessProbe: { ...http, initialDelaySeconds: 5 * REFRESH_SECONDS, periodSeconds: REFRESH_SECONDS },
    },
    restartPolicy: 'Always',
  };
}

export class Monitor extends pulumi.ComponentResource {
  readonly deployment: k8s.apps.v1.Deployment;
  /** The dashboard's uid in Grafana: `/d/<uid>`. */
  readonly dashboard: string;
  readonly #args: MonitorArgs;

  constructor(name: string, args: MonitorArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:monitoring:Monitor', name, {}, opts);
    this.#args = args;
    this.deployment = this.#exporter(name);
    if (args.prometheusOperator) this.#operatorObjects(name);
    else this.#map(`${name}-rules`, 'dr-alert-rules', { 'go-coffee-dr.rules.yaml': rulesYaml(this.#rules()) });
    this.dashboard = this.#dashboard(name);
    this.registerOutputs({});
  }

  #metadata(object: string, labels: Record<string, string> = {}) {
    return { name: object, namespace: this.#args.namespace, labels: { ...labels, ...labelsOf(MONITOR) } };
  }

  #rules() {
    const { plan, role, namespace, workloads, visitors } = this.#args;
    return alertRules(plan, { role, namespace, visitors, workloads, job: MONITOR });
  }

  #exporter(name: string): k8s.apps.v1.Deployment {
    const pod = monitorPod(this.#args);
    const ports = [{ name: 'metrics', port: PORTS.metrics, targetPort: 'metrics' }];
    new k8s.core.v1.Service(
      name,
      {
        metadata: { ...this.#metadata(MONITOR), annotations: { 'pulumi.com/skipAwait': 'true' } },
        spec: { selector: selectorOf(MONITOR), ports },
      },
      { parent: this },
    );
    return new k8s.apps.v1.Deployment(
      name,
      {
        metadata: this.#metadata(MONITOR),
        spec: {
          replicas: 1,
          // Two exporters would both write the heartbeat and report twice.
          strategy: { type: 'Recreate' },
          selector: { matchLabels: controllerSelector(MONITOR) },
          template: { metadata: { labels: drPodLabels(pod) }, spec: drPodSpec(pod) },
        },
      },
      { parent: this },
    );
  }

  #map(name: string, object: string, data: Record<string, string>, labels: Record<string, string> = {}): void {
    new k8s.core.v1.ConfigMap(name, { metadata: this.#metadata(object, labels), data }, { parent: this });
  }

  #operatorObjects(name: string): void {
    const { namespace, labels } = this.#args;
    const apiVersion = 'monitoring.coreos.com/v1';
    new k8s.apiextensions.CustomResource(
      `${name}-scrape`,
      {
        apiVersion,
        kind: 'ServiceMonitor',
        metadata: this.#metadata(MONITOR, labels),
        spec: {
          selector: { matchLabels: selectorOf(MONITOR) },
          // The `job` label is then the name of the Service, as the rules expect.
          endpoints: [{ port: 'metrics', interval: `${REFRESH_SECONDS}s` }],
        },
      },
      { parent: this },
    );
    // Alertmanager routes by the label `namespace`, and `absent()` adds no labels itself.
    const groups = this.#rules().groups.map(({ name: group, rules }) => ({
      name: group,
      rules: rules.map((rule) => ({ ...rule, labels: { ...rule.labels, namespace } })),
    }));
    new k8s.apiextensions.CustomResource(
      `${name}-rules`,
      { apiVersion, kind: 'PrometheusRule', metadata: this.#metadata(MONITOR, labels), spec: { groups } },
      { parent: this },
    );
  }

  /** Grafana's sidecar loads every ConfigMap with this label. */
  #dashboard(name: string): string {
    const rendered = dashboard(this.#args.plan);
    const data = { 'go-coffee-dr.json': JSON.stringify(rendered) };
    this.#map(`${name}-dashboard`, 'dr-dashboard', data, { grafana_dashboard: '1' });
    return rendered.uid;
  }
}

/** For the stack's role, and what it copies. */
export function declareMonitor(
  config: StackConfig,
  pods: Pick<MonitorArgs, 'serviceAccount' | 'localRepository' | 'volumeAccess' | 'resources'>,
  opts: pulumi.ComponentResourceOptions,
): Monitor {
  const { plan, namespaces, images, monitoring, notifications } = config;
  const args: MonitorArgs = {
    ...monitoring,
    ...pods,
    plan,
    role: watchedAs(config),
    workloads: backedUp(plan, config),
    namespace: namespaces.recovery,
    visitors: visitingJobs(config),
    image: images.toolbox,
    pings: notifications.targetNames.includes('pingUrl'),
  };
  return new Monitor('monitor', args, opts);
}
