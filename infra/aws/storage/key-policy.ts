/** Who may use and change the key of the buckets. Without the key every backup is lost, locked or not. */
import type { Account } from '../names.ts';
import { type PolicyDocument, policyOf } from '../policy-document.ts';

export interface KeyPolicyFacts extends Account {
  readonly deployerRoleArn: string;
  readonly breakGlassRoleArn: string;
}

export function keyPolicy({ account, partition, deployerRoleArn, breakGlassRoleArn }: KeyPolicyFacts): PolicyDocument {
  return policyOf([
    {
      // Lets the policies of the roles grant access to the key. Without it only this document could.
      Sid: 'IamPolicies',
      Effect: 'Allow',
      Principal: { AWS: `arn:${partition}:iam::${account}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
    {
      Sid: 'End',
      Effect: 'Deny',
      Principal: '*',
      Action: ['kms:ScheduleKeyDeletion', 'kms:DisableKey'],
      Resource: '*',
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': breakGlassRoleArn } },
    },
    {
      Sid: 'Reshape',
      Effect: 'Deny',
      Principal: '*',
      Action: [
        'kms:PutKeyPolicy',
        'kms:DisableKeyRotation',
        'kms:UpdatePrimaryRegion',
        'kms:DeleteAlias',
        'kms:UpdateAlias',
      ],
      Resource: '*',
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': deployerRoleArn } },
    },
  ]);
}
