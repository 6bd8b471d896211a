/** Who may assume a role, and under which conditions. */
import { type PolicyDocument, policyOf } from '../policy-document.ts';

/** These people, and only with a second factor. */
export function breakGlassTrust(principals: readonly string[]): PolicyDocument {
  return policyOf([
    {
      Sid: 'PeopleWithMfa',
      Effect: 'Allow',
      Principal: { AWS: principals },
      Action: 'sts:AssumeRole',
      Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
    },
  ]);
}

/** An AWS service, and only when it acts for these sources. */
export function serviceTrust(service: string, account: string, sourceArns: readonly string[]): PolicyDocument {
  return policyOf([
    {
      Sid: 'Service',
      Effect: 'Allow',
      Principal: { Service: service },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': sourceArns } },
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
