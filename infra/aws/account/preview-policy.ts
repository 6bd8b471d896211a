/**
 * Of the role that previews pull requests. A preview reads the state, and with it what the state's key encrypts, so its code must have been
 * looked at: GitHub gives the token only to a job in the environment `preview`, which people approve. It reads no secret of the
 * repositories; the program has placeholders for them (`DR_PREVIEW=1`). Pure.
 */
import { type PolicyDocument, policyOf } from '../policy-document.ts';
import { stateAccess } from './deployer-policy.ts';
import type { AccountFacts } from './facts.ts';

export const GITHUB = 'token.actions.githubusercontent.com';
/** Of the repository on GitHub, with required reviewers; `.github/workflows/preview.yml` names it too. */
export const PREVIEW_ENVIRONMENT = 'preview';

export function previewPolicy(facts: AccountFacts): PolicyDocument {
  const { partition, account } = facts;
  return policyOf([
    ...stateAccess(facts, false),
    {
      Sid: 'Clusters',
      Effect: 'Allow',
      Action: ['eks:DescribeCluster'],
      Resource: [`arn:${partition}:eks:*:${account}:cluster/*`],
    },
    // Whatever else it is given one day.
    {
      Sid: 'NoSecrets',
      Effect: 'Deny',
      Action: ['secretsmanager:GetSecretValue', 's3:PutObject', 's3:DeleteObject'],
      Resource: ['*'],
    },
  ]);
}

/** Never by `pull_request` or a branch: whoever opens a request would run code with the role. */
export function previewTrust({ partition, account, repository }: AccountFacts): PolicyDocument {
  return policyOf([
    {
      Sid: 'ApprovedJobs',
      Effect: 'Allow',
      Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${GITHUB}` },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: {
          [`${GITHUB}:aud`]: 'sts.amazonaws.com',
          [`${GITHUB}:sub`]: `repo:${repository}:environment:${PREVIEW_ENVIRONMENT}`,
        },
      },
    },
  ]);
}
