/** Who may publish to the topic of the people on call: three AWS services, each for sources of this account only. */
import type { Account } from './names.ts';
import { type PolicyDocument, policyOf, type Statement } from './policy-document.ts';

export interface TopicPolicyFacts extends Account {
  readonly topicArn: string;
  readonly region: string;
  /** Buckets that report failures of their replication to this topic. */
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
      // EventBridge sends the ARN of the rule, but not `aws:SourceAccount`.
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
 * Policy of a topic's key. It is not the key of the backups, because receivers of alarms must not use that one. The three services
 * share no condition key, so only the topic's policy restricts their messages.
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
