/**
 * Raises an alarm when no objects arrive: EventBridge logs the arrival of each object, and an alarm fires on an empty log. The log also
 * shows when the last object arrived.
 */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { AlarmTopic } from '../topic.ts';
import { arrivalLog } from './arrival-log.ts';
import { arrivalPattern } from './patterns.ts';
import { type Silence, windowOf } from './silences.ts';

export interface DeadMansSwitchArgs {
  /** Name of all resources of the switch, e.g. `go-coffee-dr-production-us-east-1-primary-points`. */
  readonly title: string;
  readonly silence: Silence;
  readonly bucket: string;
  readonly topic: AlarmTopic;
  /** The policy that lets rules write into log groups. */
  readonly logAccess: pulumi.Resource;
}

/** CloudWatch accepts only certain values; this is one of them. */
const LOG_DAYS = 90;

export class DeadMansSwitch extends pulumi.ComponentResource {
  constructor(name: string, args: DeadMansSwitchArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:alarms:DeadMansSwitch', name, {}, opts);
    const { title, silence, bucket, topic, logAccess } = args;
    const { region } = topic;
    const window = windowOf(silence.seconds);
    if (window === undefined) throw new RangeError(`${title}: CloudWatch can't wait ${silence.seconds} s`);
    const child = { parent: this };
    const group = new aws.cloudwatch.LogGroup(
      `${name}-log`,
      { region, name: arrivalLog(title), retentionInDays: LOG_DAYS },
      child,
    );
    const rule = new aws.cloudwatch.EventRule(
      `${name}-rule`,
      {
        region,
        name: title,
        description: `Arrivals of ${silence.keys} in ${bucket}`,
        eventPattern: JSON.stringify(arrivalPattern(bucket, silence.keys)),
      },
      child,
    );
    new aws.cloudwatch.EventTarget(
      `${name}-target`,
      { region, rule: rule.name, targetId: 'log', arn: group.arn },
      { ...child, dependsOn: [logAccess] },
    );
    new aws.cloudwatch.MetricAlarm(
      `${name}-alarm`,
      {
        region,
        name: title,
        alarmDescription: `${silence.title} in ${bucket} for ${silence.seconds} s. dr points list; dr doctor`,
        namespace: 'AWS/Logs',
        metricName: 'IncomingLogEvents',
        dimensions: { LogGroupName: group.name },
        statistic: 'Sum',
        ...window,
        datapointsToAlarm: window.evaluationPeriods,
        comparisonOperator: 'LessThanThreshold',
        threshold: 1,
        // Silence counts as a failure.
        treatMissingData: 'breaching',
        alarmActions: [topic.arn],
        okActions: [topic.arn],
      },
      { ...child, dependsOn: [topic.policy] },
    );
    this.registerOutputs({});
  }
}
