/**
 * Rings when nothing arrives: EventBridge puts the arrival of each object into a log of its own, and an alarm treats an empty log as
 * bad news. The log also tells afterwards when the last one came.
 */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { type PolicyDocument, policyOf, type Statement } from '../identity/policy-document.ts';
import { arrivalPattern } from './patterns.ts';
import { type Silence, windowOf } from './silences.ts';
import type { AlarmTopic } from './topic.ts';

export interface DeadMansSwitchArgs {
  /** Of everything that is made, e.g. `go-coffee-dr-production-us-east-1-primary-points`. */
  readonly title: string;
  readonly silence: Silence;
  readonly bucket: string;
  readonly topic: AlarmTopic;
}

/** One of the values that CloudWatch takes. */
const LOG_DAYS = 90;

/** @param ruleArn of the one rule that may write */
export function arrivalLogPolicy(logGroupArn: string, ruleArn: string): PolicyDocument {
  const allow = (Sid: string, Action: string, Resource: string): Statement => ({
    Sid,
    Effect: 'Allow',
    Principal: { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] },
    Action,
    Resource,
  });
  return policyOf([
    allow('Stream', 'logs:CreateLogStream', `${logGroupArn}:*`),
    {
      ...allow('Events', 'logs:PutLogEvents', `${logGroupArn}:*:*`),
      Condition: { ArnEquals: { 'aws:SourceArn': ruleArn } },
    },
  ]);
}

export class DeadMansSwitch extends pulumi.ComponentResource {
  constructor(name: string, args: DeadMansSwitchArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:alarms:DeadMansSwitch', name, {}, opts);
    const { title, silence, bucket, topic } = args;
    const { region } = topic;
    const window = windowOf(silence.seconds);
    if (window === undefined) throw new RangeError(`${title}: CloudWatch can't wait ${silence.seconds} s`);
    const child = { parent: this };
    // Events go only to groups below this name.
    const group = new aws.cloudwatch.LogGroup(
      `${name}-log`,
      { region, name: `/aws/events/${title}`, retentionInDays: LOG_DAYS },
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
    const access = new aws.cloudwatch.LogResourcePolicy(
      `${name}-log-policy`,
      {
        region,
        policyName: title,
        policyDocument: pulumi
          .all([group.arn, rule.arn])
          .apply(([log, source]) => JSON.stringify(arrivalLogPolicy(log, source))),
      },
      child,
    );
    new aws.cloudwatch.EventTarget(
      `${name}-target`,
      { region, rule: rule.name, targetId: 'log', arn: group.arn },
      { ...child, dependsOn: [access] },
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
        // The whole point: silence is a failure.
        treatMissingData: 'breaching',
        alarmActions: [topic.arn],
        okActions: [topic.arn],
      },
      { ...child, dependsOn: [topic.policy] },
    );
    this.registerOutputs({});
  }
}
