/** The policies that are made by hand, asked by an evaluator of IAM: what `up` needs is allowed, and nothing that ends a backup. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { deployerPolicy } from '../../../infra/aws/account/deployer-policy.ts';
import { accountFacts } from '../../../infra/aws/account/facts.ts';
import { GITHUB, PREVIEW_ENVIRONMENT, previewPolicy, previewTrust } from '../../../infra/aws/account/preview-policy.ts';
import { stateBucketPolicy, stateKeyPolicy } from '../../../infra/aws/account/state-policies.ts';
import type { RecordedResource } from '../recording.ts';
import { named } from './aws-recording.ts';
import { ALIAS, document, FIRST, KEY, own, point, production, role, SECOND } from './policy-rows.ts';
import { ACCOUNT, ask, type Caller } from './policy-simulator.ts';

const STATE = 'arn:aws:s3:::go-coffee-dr-state-us-east-1';
const STATE_KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/state`;
const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'Pulumi.production.yaml'), 'utf8');
const facts = accountFacts(
  `${text}\n  go-coffee-dr:traffic: { zoneId: Z0123456789EXAMPLE, names: [w.example.com], primary: a.example.com, standby: b.example.com }\n`,
  { stateBucket: 'go-coffee-dr-state-us-east-1', stateKeyArn: STATE_KEY, repository: 'go-coffee/platform' },
);
const asDocument = (policy: unknown) => document(JSON.stringify(policy));
const deployer: Caller = { arn: facts.deployerRoleArn, policy: asDocument(deployerPolicy(facts)) };
const preview: Caller = { arn: role('go-coffee-preview'), policy: asDocument(previewPolicy(facts)) };

/** KMS asks the key's own policy in any case. */
const keyPolicy = (resource: string) => {
  if (resource === STATE_KEY) return asDocument(stateKeyPolicy(facts));
  if (!resource.includes(':key/')) return undefined;
  return document(named(production, 'kms/key:Key', 'storage-key-us-east-1').inputs.policy);
};

/** The calls that make a resource, and on what. */
type Calls = (inputs: Readonly<Record<string, unknown>>) => readonly (readonly [string, string])[];
const bucketArn = ({ bucket }: Readonly<Record<string, unknown>>) => `arn:aws:s3:::${String(bucket)}`;
const onBucket =
  (...actions: readonly string[]): Calls =>
  (inputs) =>
    actions.map((action) => [`s3:${action}`, bucketArn(inputs)]);
const at = (service: string, what: string, region = 'us-east-1') => `arn:aws:${service}:${region}:${ACCOUNT}:${what}`;
const anyRole = role('aws-identity-writer-0a1b2c3');

const CALLS: Readonly<Record<string, Calls>> = {
  's3/bucket:Bucket': onBucket('CreateBucket', 'ListBucket', 'PutBucketTagging'),
  's3/bucketVersioning:BucketVersioning': onBucket('PutBucketVersioning', 'GetBucketVersioning'),
  's3/bucketObjectLockConfiguration:BucketObjectLockConfiguration': onBucket('PutBucketObjectLockConfiguration'),
  's3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration':
    onBucket('PutEncryptionConfiguration'),
  's3/bucketOwnershipControls:BucketOwnershipControls': onBucket('PutBucketOwnershipControls'),
  's3/bucketPublicAccessBlock:BucketPublicAccessBlock': onBucket('PutBucketPublicAccessBlock'),
  's3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': onBucket('PutLifecycleConfiguration'),
  's3/bucketNotification:BucketNotification': onBucket('PutBucketNotification'),
  's3/bucketPolicy:BucketPolicy': onBucket('PutBucketPolicy', 'GetBucketPolicy'),
  's3/bucketReplicationConfig:BucketReplicationConfig': onBucket('PutReplicationConfiguration'),
  'kms/key:Key': () => [
    ['kms:CreateKey', '*'],
    ['kms:EnableKeyRotation', KEY],
    ['kms:PutKeyPolicy', KEY],
  ],
  'kms/replicaKey:ReplicaKey': () => [['kms:ReplicateKey', KEY]],
  'kms/alias:Alias': () => [
    ['kms:CreateAlias', KEY],
    ['kms:CreateAlias', at('kms', ALIAS)],
  ],
  'iam/role:Role': ({ name }) => [['iam:CreateRole', name === undefined ? anyRole : role(String(name))]],
  'iam/rolePolicy:RolePolicy': () => [['iam:PutRolePolicy', anyRole]],
  'secretsmanager/secret:Secret': () => [
    ['secretsmanager:CreateSecret', at('secretsmanager', 'secret:go-coffee-dr/production-AbCdEf')],
  ],
  'secretsmanager/secretPolicy:SecretPolicy': () => [
    ['secretsmanager:PutResourcePolicy', at('secretsmanager', 'secret:go-coffee-dr/production-AbCdEf')],
  ],
  'secretsmanager/secretVersion:SecretVersion': () => [
    ['secretsmanager:PutSecretValue', at('secretsmanager', 'secret:go-coffee-dr/production-AbCdEf')],
  ],
  'sns/topic:Topic': ({ name }) => [['sns:CreateTopic', at('sns', String(name))]],
  'sns/topicPolicy:TopicPolicy': () => [['sns:SetTopicAttributes', at('sns', 'go-coffee-dr-production-us-east-1')]],
  'sns/topicSubscription:TopicSubscription': () => [['sns:Subscribe', at('sns', 'go-coffee-dr-production-us-east-1')]],
  'cloudwatch/metricAlarm:MetricAlarm': ({ name }) => [
    ['cloudwatch:PutMetricAlarm', at('cloudwatch', `alarm:${String(name)}`)],
  ],
  'cloudwatch/eventRule:EventRule': ({ name }) => [['events:PutRule', at('events', `rule/${String(name)}`)]],
  'cloudwatch/eventTarget:EventTarget': () => [
    ['events:PutTargets', at('events', 'rule/go-coffee-dr-production-us-east-1-key')],
  ],
  'cloudwatch/logGroup:LogGroup': ({ name }) => [['logs:CreateLogGroup', at('logs', `log-group:${String(name)}`)]],
  'cloudwatch/logResourcePolicy:LogResourcePolicy': () => [['logs:PutResourcePolicy', '*']],
  'cloudtrail/trail:Trail': ({ name }) => [
    ['cloudtrail:CreateTrail', at('cloudtrail', `trail/${String(name)}`)],
    ['cloudtrail:PutEventSelectors', at('cloudtrail', `trail/${String(name)}`)],
  ],
  'ecr/replicationConfiguration:ReplicationConfiguration': () => [['ecr:PutReplicationConfiguration', '*']],
};

const typeOf = ({ type }: RecordedResource) => type.replace(/^aws:/, '');
const declared = production.filter(({ type, custom }) => custom && type.startsWith('aws:'));

describe('the deployer', () => {
  test('may make everything that production declares; a new kind of resource needs a row here', async () => {
    const missing: string[] = [];
    for (const resource of declared) {
      const calls = CALLS[typeOf(resource)];
      if (calls === undefined) missing.push(`${resource.type} has no row`);
      for (const [action, what] of calls?.(resource.inputs) ?? []) {
        const context = action === 'kms:CreateKey' ? { 'aws:RequestedRegion': 'us-east-1' } : undefined;
        const verdict = await ask(
          deployer,
          { action, resource: what, ...(context ? { context } : {}) },
          keyPolicy(what),
        );
        if (verdict !== 'Allowed') missing.push(`${resource.name}: ${action} on ${what}: ${verdict}`);
      }
    }
    expect([...new Set(missing)]).toEqual([]);
    expect(declared.length).toBeGreaterThan(60);
  });

  test.each([
    ['s3:PutObject', `${STATE}/.pulumi/stacks/go-coffee-dr/production.json`, 'Allowed'],
    ['kms:Decrypt', STATE_KEY, 'Allowed'],
    ['route53:ChangeResourceRecordSets', 'arn:aws:route53:::hostedzone/Z0123456789EXAMPLE', 'Allowed'],
    ['route53:ChangeResourceRecordSets', 'arn:aws:route53:::hostedzone/ZOFSOMEBODYELSE', 'ImplicitlyDenied'],
    // Neither a backup nor its key.
    ['s3:GetObject', `${FIRST}/${point}`, 'ImplicitlyDenied'],
    ['s3:PutObject', `${SECOND}/${own}`, 'ImplicitlyDenied'],
    ['s3:DeleteObjectVersion', `${FIRST}/${point}`, 'ImplicitlyDenied'],
    ['s3:BypassGovernanceRetention', `${FIRST}/${point}`, 'ImplicitlyDenied'],
    ['s3:DeleteBucket', FIRST, 'ImplicitlyDenied'],
    ['kms:ScheduleKeyDeletion', KEY, 'ExplicitlyDenied'],
    ['kms:Decrypt', KEY, 'ImplicitlyDenied'],
    ['iam:CreateRole', role('administrator'), 'ImplicitlyDenied'],
    ['iam:AttachRolePolicy', anyRole, 'ImplicitlyDenied'],
    ['sts:AssumeRole', role('go-coffee-dr-production-break-glass'), 'ImplicitlyDenied'],
  ])('%s on %s: %s', async (action, resource, verdict) => {
    expect(await ask(deployer, { action, resource }, keyPolicy(resource))).toBe(verdict);
  });
});

describe('a preview of a pull request', () => {
  test.each([
    ['s3:GetObject', `${STATE}/.pulumi/stacks/go-coffee-dr/production.json`, 'Allowed'],
    ['kms:Decrypt', STATE_KEY, 'Allowed'],
    ['eks:DescribeCluster', at('eks', 'cluster/production'), 'Allowed'],
    ['s3:PutObject', `${STATE}/.pulumi/stacks/go-coffee-dr/production.json`, 'ExplicitlyDenied'],
    [
      'secretsmanager:GetSecretValue',
      at('secretsmanager', 'secret:go-coffee-dr/production-AbCdEf'),
      'ExplicitlyDenied',
    ],
    ['s3:GetObject', `${FIRST}/${point}`, 'ImplicitlyDenied'],
    ['iam:CreateRole', anyRole, 'ImplicitlyDenied'],
  ])('%s on %s: %s', async (action, resource, verdict) => {
    expect(await ask(preview, { action, resource }, keyPolicy(resource))).toBe(verdict);
  });

  // The evaluator knows tokens of a few issuers: one of those stands for GitHub's, on both sides.
  const issuer = 'accounts.google.com';
  const trust = document(JSON.stringify(previewTrust(facts)).replaceAll(GITHUB, issuer));
  test.each([
    ['an approved job of the environment', 'repo:go-coffee/platform:environment:preview', 'sts.amazonaws.com', true],
    ['a job of any pull request', 'repo:go-coffee/platform:pull_request', 'sts.amazonaws.com', false],
    ['a job of the main branch', 'repo:go-coffee/platform:ref:refs/heads/main', 'sts.amazonaws.com', false],
    ['another environment', 'repo:go-coffee/platform:environment:preview-2', 'sts.amazonaws.com', false],
    ['another repository', 'repo:mallory/platform:environment:preview', 'sts.amazonaws.com', false],
    ['a token for somebody else', 'repo:go-coffee/platform:environment:preview', 'vault', false],
  ])('its role is taken by %s: %s', async (_, sub, aud, taken) => {
    const verdict = await ask(
      { arn: `arn:aws:iam::${ACCOUNT}:oidc-provider/${issuer}` },
      {
        action: 'sts:AssumeRoleWithWebIdentity',
        resource: preview.arn as string,
        context: { [`${issuer}:aud`]: aud, [`${issuer}:sub`]: sub },
      },
      trust,
    );
    expect(verdict === 'Allowed').toBe(taken);
  });
});

test('the workflow runs code of a request in that environment alone, and without the secret', () => {
  const file = join(import.meta.dirname, '..', '..', '..', '.github', 'workflows', 'preview.yml');
  const { jobs } = parse(readFileSync(file, 'utf8')) as {
    jobs: Record<string, { environment?: string; env?: Record<string, unknown>; permissions?: Record<string, string> }>;
  };
  const withRole = Object.values(jobs).filter(({ permissions }) => permissions?.['id-token'] === 'write');
  expect(withRole).toHaveLength(1);
  expect(withRole[0]).toMatchObject({ environment: PREVIEW_ENVIRONMENT, env: { DR_PREVIEW: 1 } });
});

describe('the state', () => {
  const administrator: Caller = {
    arn: role('administrator'),
    policy: asDocument({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }),
  };
  const object = `${STATE}/.pulumi/stacks/go-coffee-dr/production.json`;
  test.each([
    ['deployer', deployer, 's3:PutObject', object, 'Allowed'],
    ['preview', preview, 's3:GetObject', object, 'Allowed'],
    ['administrator', administrator, 's3:GetObject', object, 'ExplicitlyDenied'],
    ['administrator', administrator, 's3:PutObject', object, 'ExplicitlyDenied'],
    ['deployer', deployer, 's3:DeleteObjectVersion', object, 'ExplicitlyDenied'],
    ['deployer', deployer, 'kms:Decrypt', STATE_KEY, 'Allowed'],
    ['administrator', administrator, 'kms:Decrypt', STATE_KEY, 'ExplicitlyDenied'],
    ['administrator', administrator, 'kms:ScheduleKeyDeletion', STATE_KEY, 'ExplicitlyDenied'],
  ])('%s: %s', async (_, caller, action, resource, verdict) => {
    const policy = action.startsWith('kms:') ? stateKeyPolicy(facts) : stateBucketPolicy(facts);
    expect(await ask(caller, { action, resource }, asDocument(policy))).toBe(verdict);
  });
});

test.each([
  [['deployer', 'nosuch', '--state-key', STATE_KEY], /^Pulumi\.nosuch\.yaml is not there, or no file\nhint: /],
  [
    ['deployer', 'production', '--state-key', 'key/state'],
    /^--state-key: "key\/state" is not the ARN of a key\nhint: /,
  ],
])('the program that prints them says what is wrong with %j', async (words, said) => {
  const program = join(import.meta.dirname, '..', '..', '..', 'infra', 'aws', 'account', 'print.ts');
  const { exitCode, stderr } = await execa(process.execPath, [program, ...words, '--state', 'b'], { reject: false });
  expect([exitCode, stderr]).toEqual([2, expect.stringMatching(said)]);
});
