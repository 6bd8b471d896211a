/** Who may do what with the key of the buckets. Whoever ends the key ends every backup under it, locked or not. */
import type { Account } from '../names.ts';
import { type PolicyDocument, policyOf } from '../policy-document.ts';

export interface KeyPolicyFacts extends Account {
  readonly deployerRoleArn: string;
  readonly breakGlassRoleArn: string;
}

export function keyPolicy({ account, partition, deployerRoleArn, breakGlassRoleArn }: KeyPolicyFacts): PolicyDocument {
  return policyOf([
    {
      // Lets the roles' own policies speak; without it nobody but this document could ever grant anything.
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
