/** Who takes which role: the declared trust policies, asked by an evaluator of IAM. */
import { beforeAll, expect, test } from 'vitest';
import type { Recording } from '../recording.ts';
import { named, recordAws } from './aws-recording.ts';
import { ACCOUNT, ask, type Call, type Caller, EVERYTHING } from './policy-simulator.ts';

const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const document = (text: unknown) => JSON.parse(text as string) as Caller['policy'] & object;

let production: Recording;
let withPeople: Promise<Recording>;
beforeAll(async () => {
  production = await recordAws('production');
  withPeople = recordAws('production', people);
  await withPeople;
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

const SSO = 'aws-reserved/sso.amazonaws.com/us-east-1/AWSReservedSSO_IncidentCommander_';
const people = {
  storage: {
    breakGlassPrincipals: [
      `arn:aws:iam::${ACCOUNT}:user/alice`,
      { arn: `arn:aws:iam::${ACCOUNT}:role/incident-commander`, sourceIdentities: ['bob', 'carol'] },
      { arn: `arn:aws:iam::${ACCOUNT}:role/${SSO}*`, sourceIdentities: ['dave@example.com'] },
    ],
  },
};

/** By the ways in which AWS fills a request: users with MFA have that key, sessions of roles never have it. */
test.each([
  ['a user with a second factor', 'user/alice', { 'aws:MultiFactorAuthPresent': 'true' }, true],
  ['a user without one', 'user/alice', { 'aws:MultiFactorAuthPresent': 'false' }, false],
  ['a user by an access key: no word of a factor', 'user/alice', {}, false],
  ['another user with one', 'user/mallory', { 'aws:MultiFactorAuthPresent': 'true' }, false],
  ['a role that names one of its people', 'role/incident-commander', { 'sts:SourceIdentity': 'bob' }, true],
  ['a role that names another', 'role/incident-commander', { 'sts:SourceIdentity': 'alice' }, false],
  ['a role that names nobody', 'role/incident-commander', {}, false],
  [
    'a role of Identity Center that names one of its people',
    `role/${SSO}0123456789abcdef`,
    { 'sts:SourceIdentity': 'dave@example.com' },
    true,
  ],
  ['that role, made anew', `role/${SSO}fedcba9876543210`, { 'sts:SourceIdentity': 'dave@example.com' }, true],
  ['that role, for nobody', `role/${SSO}0123456789abcdef`, {}, false],
  [
    'another one of Identity Center',
    `role/${SSO.replace('Incident', 'Deputy')}0123456789abcdef`,
    { 'sts:SourceIdentity': 'dave@example.com' },
    false,
  ],
  ['the deployer', 'role/go-coffee-deployer', { 'sts:SourceIdentity': 'bob' }, false],
])('break-glass: %s', async (_, who, context, taken) => {
  const arn = `arn:aws:iam::${ACCOUNT}:${who}`;
  const trusted = trustOf(await withPeople, 'identity-break-glass');
  // A role may ask for any role: what decides is the trust.
  const caller = { arn, policy: EVERYTHING };
  const asked = (action: string) => ask(caller, { action, resource: role('any'), context }, trusted);
  expect(await asked('sts:AssumeRole')).toBe(taken ? 'Allowed' : 'ImplicitlyDenied');
  // Without this one STS refuses a source identity.
  if ('sts:SourceIdentity' in context)
    expect(await asked('sts:SetSourceIdentity')).toBe(taken ? 'Allowed' : 'ImplicitlyDenied');
});

test('replication: S3, and nobody else', async () => {
  const trusted = trustOf(production, 'replication-primary-role');
  const as = (service: string) => take(trusted, service, 'sts:AssumeRole', {});
  // No condition: S3 documents none that it would send here.
  expect(await as('s3.amazonaws.com')).toBe('Allowed');
  expect(await as('cloudtrail.amazonaws.com')).not.toBe('Allowed');
});
