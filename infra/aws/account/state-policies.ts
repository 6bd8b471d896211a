/** Policies of the bucket with Pulumi's state, and of the key that encrypts its secrets. Made by hand, before the first `up`. Pure. */
import { breakGlassRoleArn } from '../names.ts';
import { type PolicyDocument, policyOf } from '../policy-document.ts';
import type { AccountFacts } from './facts.ts';

const PREVIEW_ROLE = 'go-coffee-preview';

const readers = (facts: AccountFacts): string[] => [
  facts.deployerRoleArn,
  breakGlassRoleArn(facts, facts.environment),
  `arn:${facts.partition}:iam::${facts.account}:role/${PREVIEW_ROLE}`,
];

/** It only denies; the roles' own policies grant. */
export function stateBucketPolicy(facts: AccountFacts): PolicyDocument {
  const bucket = `arn:${facts.partition}:s3:::${facts.stateBucket}`;
  const all = [bucket, `${bucket}/*`];
  const deny = (Sid: string, Action: readonly string[], Resource: readonly string[], arns: readonly string[]) =>
    ({
      Sid,
      Effect: 'Deny',
      Principal: '*',
      Action,
      Resource,
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': arns } },
    }) as const;
  return policyOf([
    {
      Sid: 'PlainHttp',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: all,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
    deny('Read', ['s3:GetObject', 's3:GetObjectVersion'], [`${bucket}/*`], readers(facts)),
    deny('Write', ['s3:PutObject', 's3:DeleteObject'], [`${bucket}/*`], [facts.deployerRoleArn]),
    // An older version is the way back from a state that was damaged.
    deny('End', ['s3:DeleteObjectVersion', 's3:DeleteBucket', 's3:PutBucketVersioning'], all, [
      breakGlassRoleArn(facts, facts.environment),
    ]),
  ]);
}

export function stateKeyPolicy(facts: AccountFacts): PolicyDocument {
  const { partition, account, environment } = facts;
  return policyOf([
    {
      Sid: 'IamPolicies',
      Effect: 'Allow',
      Principal: { AWS: `arn:${partition}:iam::${account}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
    {
      Sid: 'Use',
      Effect: 'Deny',
      Principal: '*',
      Action: ['kms:Decrypt', 'kms:CreateGrant'],
      Resource: '*',
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': readers(facts) } },
    },
    {
      Sid: 'End',
      Effect: 'Deny',
      Principal: '*',
      Action: ['kms:ScheduleKeyDeletion', 'kms:DisableKey'],
      Resource: '*',
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': breakGlassRoleArn({ account, partition }, environment) } },
    },
  ]);
}
