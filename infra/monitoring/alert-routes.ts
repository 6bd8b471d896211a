/** Receivers of immediate alerts: their URLs in a Secret, and Alertmanager's routes to them. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Plan } from '../../plan/types.ts';
import { makeSecret } from '../cluster/keys.ts';
import { labelsOf } from '../cluster/labels.ts';
import { KEY_FILES } from '../cluster/paths.ts';
import { MONITOR } from '../cluster/ports.ts';
import type { AlertTargets, StackConfig } from '../config/types.ts';
import { OBJECTS } from '../jobs/dr-pod.ts';

interface AlertRoutesArgs {
  readonly plan: Plan;
  readonly namespace: string;
  /** A Pulumi secret. */
  readonly targets: pulumi.Output<AlertTargets>;
  readonly targetNames: readonly (keyof AlertTargets)[];
  /** Whether the cluster knows AlertmanagerConfig. */
  /** Of the operator's object, for its selectors. */
  readonly labels: Readonly<Record<string, string>>;
  readonly prometheusOperator: boolean;
}

const FILES = { slackWebhook: KEY_FILES.slack, pagerdutyUrl: KEY_FILES.pagerduty, pingUrl: KEY_FILES.ping } as const;
const RECEIVER = 'team';
/** Long enough that alerts of one cause arrive as one message. A failed run is reported within half a minute. */
const GROUP_WAIT = '10s';
const REPEAT = '4h';

/** Pure: the `spec` of an AlertmanagerConfig; undefined without a receiver. */
export function alertRoute(plan: Plan, names: readonly (keyof AlertTargets)[]): Record<string, unknown> | undefined {
  const urlOf = (key: string) => ({ name: OBJECTS.alerts, key });
  const channel = plan.channels.internal.find(({ kind }) => kind === 'slack')?.address;
  const slack = names.includes('slackWebhook')
    ? {
        slackConfigs: [
          {
            apiURL: urlOf(KEY_FILES.slack),
            sendResolved: true,
            ...(channel === undefined ? {} : { channel }),
            title: '{{ .CommonLabels.severity }}: {{ .CommonLabels.alertname }}',
            text: '{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n`{{ .Annotations.runbook }}`\n{{ end }}',
          },
        ],
      }
    : {};
  const pagerduty = names.includes('pagerdutyUrl')
    ? { webhookConfigs: [{ urlSecret: urlOf(KEY_FILES.pagerduty), sendResolved: true }] }
    : {};
  const receiver = { ...slack, ...pagerduty };
  if (Object.keys(receiver).length === 0) return undefined;
  return {
    route: {
      receiver: RECEIVER,
      groupBy: ['alertname', 'schedule', 'job_name', 'repository', 'workload'],
      groupWait: GROUP_WAIT,
      groupInterval: '1m',
      repeatInterval: REPEAT,
    },
    receivers: [{ name: RECEIVER, ...receiver }],
  };
}

class AlertRoutes extends pulumi.ComponentResource {
  constructor(name: string, args: AlertRoutesArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:monitoring:AlertRoutes', name, {}, opts);
    const metadata = (object: string) => ({ name: object, namespace: args.namespace, labels: labelsOf(MONITOR) });
    const data = args.targetNames.map(
      (target) => [FILES[target], args.targets.apply((all) => all[target] ?? '')] as const,
    );
    const secret = makeSecret(name, metadata(OBJECTS.alerts), Object.fromEntries(data), { parent: this });
    const spec = alertRoute(args.plan, args.targetNames);
    if (args.prometheusOperator && spec !== undefined) {
      new k8s.apiextensions.CustomResource(
        name,
        {
          apiVersion: 'monitoring.coreos.com/v1alpha1',
          kind: 'AlertmanagerConfig',
          metadata: { ...metadata(OBJECTS.alerts), labels: { ...args.labels, ...labelsOf(MONITOR) } },
          spec,
        },
        { parent: this, dependsOn: [secret] },
      );
    }
    this.registerOutputs({});
  }
}

/** Undefined without receivers. */
export function declareRoutes(
  { plan, namespaces, monitoring, notifications }: StackConfig,
  opts: pulumi.ComponentResourceOptions,
): AlertRoutes | undefined {
  const { targets, targetNames } = notifications;
  if (targets === undefined) return undefined;
  return new AlertRoutes('alerts', { ...monitoring, plan, namespace: namespaces.recovery, targets, targetNames }, opts);
}
