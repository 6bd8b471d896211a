/** Who may read, change or delete the secret of the repositories, whatever their own policies say. */
import { type PolicyDocument, policyOf, type Statement } from './policy-document.ts';

export interface SecretPolicyFacts {
  /** Reads and writes it: the role that `pulumi up` runs with. */
  readonly deployerRoleArn: string;
  /** Reads it when the deployer's role is lost. Only this role may delete it. */
  readonly breakGlassRoleArn: string;
}

const READ = ['secretsmanager:GetSecretValue'];
const CHANGE = [
  'secretsmanager:PutSecretValue',
  'secretsmanager:UpdateSecret',
  'secretsmanager:UpdateSecretVersionStage',
  'secretsmanager:RotateSecret',
  'secretsmanager:ReplicateSecretToRegions',
  'secretsmanager:RemoveRegionsFromReplication',
  'secretsmanager:StopReplicationToReplica',
  'secretsmanager:PutResourcePolicy',
  'secretsmanager:DeleteResourcePolicy',
];
const END = ['secretsmanager:DeleteSecret'];

/** In the policy of a secret, `*` means that secret. */
const denyAnyoneBut = (Sid: string, Action: readonly string[], arns: readonly string[]): Statement => ({
  Sid,
  Effect: 'Deny',
  Principal: '*',
  Action,
  Resource: '*',
  Condition: { ArnNotEquals: { 'aws:PrincipalArn': arns } },
});

export function secretPolicy({ deployerRoleArn, breakGlassRoleArn }: SecretPolicyFacts): PolicyDocument {
  return policyOf([
    denyAnyoneBut('Read', READ, [deployerRoleArn, breakGlassRoleArn]),
    denyAnyoneBut('Change', CHANGE, [deployerRoleArn]),
    denyAnyoneBut('End', END, [breakGlassRoleArn]),
  ]);
}
