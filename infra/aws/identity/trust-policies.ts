/** Who may assume a role, and under which conditions. */
import type { BreakGlassPrincipal, BreakGlassRole } from '../../config/aws/break-glass.ts';
import { type Condition, type PolicyDocument, policyOf, type Statement } from '../policy-document.ts';

/** `arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/…`: the account that the role is of. */
const accountOf = (arn: string): string => arn.replace(/:(user|role)\/.*$/, ':root');

/**
 * The session has to name one of these people. IAM keeps a role that is a principal by its id, and Identity Center makes its roles anew
 * with other ids: such a role is matched by its ARN instead, within its account.
 */
function roleStatement({ arn, sourceIdentities }: BreakGlassRole, n: number): Statement {
  const byArn = /:role\/aws-reserved\/sso\.amazonaws\.com\//.test(arn);
  return {
    Sid: `PeopleOfRole${n + 1}`,
    Effect: 'Allow',
    Principal: { AWS: byArn ? accountOf(arn) : arn },
    // The second is needed to give the first a source identity.
    Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
    Condition: {
      StringEquals: { 'sts:SourceIdentity': sourceIdentities },
      ...(byArn ? { ArnLike: { 'aws:PrincipalArn': arn } } : {}),
    },
  };
}

/** Users with a second factor, and roles whose session names a person. */
export function breakGlassTrust(principals: readonly BreakGlassPrincipal[]): PolicyDocument {
  const users = principals.filter((principal) => typeof principal === 'string');
  const roles = principals.filter((principal) => typeof principal !== 'string');
  const withMfa: Statement = {
    Sid: 'UsersWithMfa',
    Effect: 'Allow',
    Principal: { AWS: users },
    Action: 'sts:AssumeRole',
    Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
  };
  return policyOf([...(users.length === 0 ? [] : [withMfa]), ...roles.map(roleStatement)]);
}

/**
 * An AWS service. With a condition on what it acts for only where a source of AWS says that the service sends it: S3 documents none for
 * replication (https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html), and a condition on a key
 * that is not sent denies everything.
 */
export function serviceTrust(service: string, Condition?: Condition): PolicyDocument {
  return policyOf([
    {
      Sid: 'Service',
      Effect: 'Allow',
      Principal: { Service: service },
      Action: 'sts:AssumeRole',
      ...(Condition === undefined ? {} : { Condition }),
    },
  ]);
}

export interface TrustFacts {
  readonly oidcProvider: { readonly arn: string; readonly url: string };
  /** `namespace:name` */
  readonly serviceAccounts: readonly string[];
}

/** Pods of these service accounts of this cluster, and nobody else. */
export function serviceAccountTrust({ oidcProvider, serviceAccounts }: TrustFacts): PolicyDocument {
  return policyOf([
    {
      Sid: 'ServiceAccounts',
      Effect: 'Allow',
      Principal: { Federated: oidcProvider.arn },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: {
          [`${oidcProvider.url}:aud`]: 'sts.amazonaws.com',
          [`${oidcProvider.url}:sub`]: serviceAccounts.map((name) => `system:serviceaccount:${name}`),
        },
      },
    },
  ]);
}
