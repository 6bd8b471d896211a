/**
 * DNS records for the traffic of users. Which site they reach is moved by a switch, a metric in the second region, and neither by `pulumi up`
 * nor by a health check of a site: Route 53's control plane is in us-east-1, so on the day when that region is gone no record can be
 * changed, but its data plane still reads alarms (https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/ and
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html, "LastKnownStatus").
 */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { bucketSpecs } from '../config/buckets.ts';
import type { StackConfig, Traffic } from '../config/types.ts';

export interface TrafficRecordsArgs extends Traffic {
  readonly environment: string;
  /** Of the switch: the second one, which stays when the first is gone. */
  readonly region: string;
  /** Hears when the users are moved, in that region. @default nobody */
  readonly topicArn?: pulumi.Input<string> | undefined;
}

type Entrance = 'primary' | 'standby';

const TTL_SECONDS = 60;
/** 3 × 30 s, so that a restart of the entrance does not count. */
const CHECK = { type: 'HTTPS', port: 443, requestInterval: 30, failureThreshold: 3 } as const;

const NAMESPACE = 'go-coffee-dr';
const METRIC = 'TrafficMoved';

/** The region of the switch. Throws RangeError for a plan without a region. */
function switchRegion(plan: StackConfig['plan']): string {
  const regions = [...new Set(bucketSpecs(plan).map(({ region }) => region))];
  const region = regions[1] ?? regions[0];
  if (region === undefined) throw new RangeError('no repository of the plan has a region');
  return region;
}

/** What moves the users, to be typed: it calls CloudWatch in the second region and nothing else. */
export function switchCommands({ environment, region }: Pick<TrafficRecordsArgs, 'environment' | 'region'>) {
  const put = (value: 0 | 1) =>
    `aws cloudwatch put-metric-data --region ${region} --namespace ${NAMESPACE} --metric-name ${METRIC} ` +
    `--dimensions Environment=${environment} --value ${value}`;
  return { toStandby: put(1), toPrimary: put(0) };
}

export class TrafficRecords extends pulumi.ComponentResource {
  constructor(name: string, args: TrafficRecordsArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:aws:TrafficRecords', name, {}, opts);
    const { zoneId, names, active = 'primary' } = args;
    const passive: Entrance = active === 'primary' ? 'standby' : 'primary';
    const checks = { primary: this.#check(name, 'primary', args), standby: this.#check(name, 'standby', args) };
    const moved = this.#switch(name, args);
    for (const host of names) {
      // Only the values of the records change. Route 53 would refuse to swap PRIMARY and SECONDARY one by one.
      const record = (place: 'active' | 'passive', entrance: Entrance, check: pulumi.Output<string> | undefined) =>
        new aws.route53.Record(
          `${name}-${host}-${place}`,
          {
            zoneId,
            name: host,
            type: 'CNAME',
            ttl: TTL_SECONDS,
            setIdentifier: place,
            failoverRoutingPolicies: [{ type: place === 'active' ? 'PRIMARY' : 'SECONDARY' }],
            ...(check === undefined ? {} : { healthCheckId: check }),
            records: [args[entrance]],
          },
          { parent: this },
        );
      record('active', active, active === 'primary' ? moved : checks.standby.id);
      // Without a check it counts as healthy. With a left primary it never does, so users don't go back by themselves.
      record('passive', passive, active === 'primary' ? undefined : checks.primary.id);
    }
    this.registerOutputs({ active });
  }

  #check(name: string, entrance: Entrance, args: TrafficRecordsArgs): aws.route53.HealthCheck {
    const left = entrance === 'primary' && args.active === 'standby';
    return new aws.route53.HealthCheck(
      `${name}-${entrance}`,
      {
        ...CHECK,
        fqdn: args[entrance],
        resourcePath: args.healthPath,
        enableSni: true,
        measureLatency: false,
        ...(left ? { disabled: true, invertHealthcheck: true } : { disabled: false, invertHealthcheck: false }),
        tags: { Name: `${name}-${entrance}` },
      },
      { parent: this },
    );
  }

  /** Unhealthy from a 1 until a 0. A silent metric changes nothing: the last status that was known stays, and it begins as healthy. */
  #switch(name: string, { environment, region, topicArn }: TrafficRecordsArgs): pulumi.Output<string> {
    const alarm = new aws.cloudwatch.MetricAlarm(
      `${name}-moved`,
      {
        region,
        name: `${NAMESPACE}-${environment}-traffic-moved`,
        alarmDescription: `Users of go-coffee ${environment} are led to the standby.`,
        namespace: NAMESPACE,
        metricName: METRIC,
        dimensions: { Environment: environment },
        // Route 53 takes no metric math, no high resolution and no M out of N.
        statistic: 'Maximum',
        period: 60,
        evaluationPeriods: 1,
        comparisonOperator: 'GreaterThanOrEqualToThreshold',
        threshold: 1,
        treatMissingData: 'ignore',
        ...(topicArn === undefined ? {} : { alarmActions: [topicArn], okActions: [topicArn] }),
      },
      { parent: this },
    );
    const check = new aws.route53.HealthCheck(
      `${name}-switch`,
      {
        type: 'CLOUDWATCH_METRIC',
        cloudwatchAlarmName: alarm.name,
        cloudwatchAlarmRegion: region,
        insufficientDataHealthStatus: 'LastKnownStatus',
        tags: { Name: `${name}-switch` },
      },
      { parent: this },
    );
    return check.id;
  }
}

/** Where the stack's config names records. The options carry the provider, and what comes before. */
export function declareTraffic(
  { traffic, environment, plan }: StackConfig,
  topicArns: Readonly<Record<string, pulumi.Input<string>>>,
  opts: pulumi.ComponentResourceOptions,
): void {
  if (traffic === undefined) return;
  const region = switchRegion(plan);
  new TrafficRecords('traffic', { ...traffic, environment, region, topicArn: topicArns[region] }, opts);
}

/** For the stack's outputs. */
export function trafficOutputs({ traffic, environment, plan }: StackConfig): Record<string, pulumi.Input<unknown>> {
  if (traffic === undefined) return {};
  const commands = switchCommands({ environment, region: switchRegion(plan) });
  return { trafficNames: traffic.names, trafficActive: traffic.active ?? 'primary', trafficSwitch: commands };
}
