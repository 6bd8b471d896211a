/** Who may speak to the people on call: three services of AWS, each about this account's own things only. */
import type { Account } from './names.ts';
import { type PolicyDocument, policyOf, type Statement } from './policy-document.ts';

export interface TopicPolicyFacts extends Account {
  readonly topicArn: string;
  readonly region: string;
  /** Of the buckets that report failures of their replication here. */
  readonly bucketArns: readonly string[];
}

export function topicPolicy({ account, partition, topicArn, region, bucketArns }: TopicPolicyFacts): PolicyDocument {
  const publish = (Sid: string, service: string, sources: string | readonly string[]): Statement => ({
    Sid,
    Effect: 'Allow',
    Principal: { Service: service },
    Action: 'sns:Publish',
    Resource: topicArn,
    Condition: { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': sources } },
  });
  return policyOf([
    publish('Alarms', 'cloudwatch.amazonaws.com', `arn:${partition}:cloudwatch:${region}:${account}:alarm:*`),
    {
      // EventBridge says whose rule it is, and no account besides.
      Sid: 'Events',
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sns:Publish',
      Resource: topicArn,
      Condition: { ArnLike: { 'aws:SourceArn': `arn:${partition}:events:${region}:${account}:rule/*` } },
    },
    ...(bucketArns.length === 0 ? [] : [publish('Replication', 's3.amazonaws.com', bucketArns)]),
    {
      Sid: 'PlainHttp',
      Effect: 'Deny',
      Principal: '*',
      Action: 'sns:Publish',
      Resource: topicArn,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  ]);
}

/**
 * Key of a topic. The key of the backups is another: who is told of an alarm has no business with it. The services send no
 * condition that all three share, so which of their messages arrive is said by the topic's policy alone.
 */
export function topicKeyPolicy({ account, partition }: Account): PolicyDocument {
  return policyOf([
    {
      Sid: 'IamPolicies',
      Effect: 'Allow',
      Principal: { AWS: `arn:${partition}:iam::${account}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
    {
      Sid: 'Services',
      Effect: 'Allow',
      Principal: { Service: ['cloudwatch.amazonaws.com', 'events.amazonaws.com', 's3.amazonaws.com'] },
      Action: ['kms:GenerateDataKey*', 'kms:Decrypt'],
      Resource: '*',
    },
  ]);
}
