/** Who takes which role: the declared trust policies, asked by an evaluator of IAM. */
import { beforeAll, expect, test } from 'vitest';
import type { Recording } from '../recording.ts';
import { named, recordAws } from './aws-recording.ts';
import { ACCOUNT, ask, type Call, type Caller } from './policy-simulator.ts';

const FIRST = 'arn:aws:s3:::go-coffee-backups';
const SECOND = 'arn:aws:s3:::go-coffee-backups-eu-west-1';
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const document = (text: unknown) => JSON.parse(text as string) as Caller['policy'] & object;

let production: Recording;
beforeAll(async () => {
  production = await recordAws('production');
});

// The evaluator looks at tokens of a few well-known issuers only: one of those stands for the cluster's, on both sides.
const CLUSTER = 'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E';
const issuer = 'accounts.google.com';
const trustOf = (recording: Recording, end: string) =>
  document(String(named(recording, 'iam/role:Role', end).inputs.assumeRolePolicy).replaceAll(CLUSTER, issuer));
const provider = `arn:aws:iam::${ACCOUNT}:oidc-provider/${issuer}`;
const take = (
  trusted: ReturnType<typeof trustOf>,
  arn: string,
  action: string,
  context: NonNullable<Call['context']>,
) => ask({ arn }, { action, resource: role('any'), context }, trusted);
const byToken = (end: string, account: string, audience = 'sts.amazonaws.com', from = provider) =>
  take(trustOf(production, end), from, 'sts:AssumeRoleWithWebIdentity', {
    [`${issuer}:aud`]: audience,
    [`${issuer}:sub`]: `system:serviceaccount:${account}`,
  });

test.each([
  ['writer', 'go-coffee-dr:dr-writer'],
  ['writer', 'go-coffee:postgres'],
  ['restorer', 'go-coffee-dr:dr-restorer'],
  ['auditor', 'go-coffee-dr:dr-auditor'],
  ['auditor', 'go-coffee-dr:dr-monitor'],
  ['pruner', 'go-coffee-dr:dr-pruner'],
])('%s: %s', async (id, account) => {
  expect(await byToken(`identity-${id}`, account)).toBe('Allowed');
});

test.each([
  ['writer', 'go-coffee:dr-writer'],
  ['writer', 'go-coffee-dr:dr-restorer'],
  ['writer', 'go-coffee-dr:dr-writer-2'],
  ['writer', 'go-coffee-dr:dr-drill'],
  ['pruner', 'go-coffee-dr:dr-writer'],
  ['restorer', 'go-coffee:default'],
  ['break-glass', 'go-coffee-dr:dr-writer'],
])('not %s: %s', async (id, account) => {
  expect(await byToken(`identity-${id}`, account)).not.toBe('Allowed');
});

test('only with a token for AWS, of this cluster', async () => {
  expect(await byToken('identity-writer', 'go-coffee-dr:dr-writer', 'vault')).not.toBe('Allowed');
  const other = provider.replace(issuer, 'oidc.eks.us-east-1.amazonaws.com/id/OTHER');
  expect(await byToken('identity-writer', 'go-coffee-dr:dr-writer', undefined, other)).not.toBe('Allowed');
});

test('break-glass: the named people, and only with a second factor', async () => {
  const trusted = trustOf(production, 'identity-break-glass');
  const breaking = (arn: string, mfa: string) =>
    take(trusted, arn, 'sts:AssumeRole', { 'aws:MultiFactorAuthPresent': mfa });
  expect(await breaking(role('incident-commander'), 'true')).toBe('Allowed');
  expect(await breaking(role('incident-commander'), 'false')).not.toBe('Allowed');
  expect(await breaking(role('go-coffee-deployer'), 'true')).not.toBe('Allowed');
});

test('replication: S3 for this bucket of this account', async () => {
  const trusted = trustOf(production, 'replication-primary-role');
  const asS3 = (account: string, source: string) =>
    take(trusted, 's3.amazonaws.com', 'sts:AssumeRole', { 'aws:SourceAccount': account, 'aws:SourceArn': source });
  expect(await asS3(ACCOUNT, FIRST)).toBe('Allowed');
  expect(await asS3('999999999999', FIRST)).not.toBe('Allowed');
  expect(await asS3(ACCOUNT, SECOND)).not.toBe('Allowed');
});
