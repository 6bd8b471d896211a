/** The SNS topic for the alarms of one region. Each region has its own, so that losing a region does not silence the others. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './names.ts';
import { topicKeyPolicy, topicPolicy } from './topic-policy.ts';

export interface AlarmTopicArgs extends Account {
  /** `go-coffee-dr-production-us-east-1` */
  readonly topic: string;
  readonly region: string;
  readonly bucketArns: readonly string[];
  /** Each address must confirm a message before it gets alarms. */
  readonly emails: readonly string[];
}

const KEY_DELETION_DAYS = 30;

export class AlarmTopic extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly region: string;
  /** Resources that publish to the topic depend on it. */
  readonly policy: pulumi.Resource;

  constructor(name: string, args: AlarmTopicArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:alarms:AlarmTopic', name, {}, opts);
    const { topic: topicName, region, emails, account, partition } = args;
    const child = { parent: this };
    // Alarms and rules can't use the AWS-managed key of SNS.
    const key = new aws.kms.Key(
      `${name}-key`,
      {
        region,
        description: `Alarms of ${topicName}`,
        enableKeyRotation: true,
        deletionWindowInDays: KEY_DELETION_DAYS,
        policy: JSON.stringify(topicKeyPolicy(args)),
      },
      child,
    );
    const topic = new aws.sns.Topic(name, { region, name: topicName, kmsMasterKeyId: key.keyId }, child);
    const topicArn = `arn:${partition}:sns:${region}:${account}:${topicName}`;
    this.policy = new aws.sns.TopicPolicy(
      `${name}-policy`,
      { region, arn: topic.arn, policy: JSON.stringify(topicPolicy({ ...args, topicArn })) },
      child,
    );
    for (const endpoint of new Set(emails)) {
      new aws.sns.TopicSubscription(
        `${name}-${endpoint}`,
        { region, topic: topic.arn, protocol: 'email', endpoint },
        child,
      );
    }
    this.arn = topic.arn;
    this.region = region;
    this.registerOutputs({ arn: this.arn });
  }
}
