/** What each stack declares in AWS to keep the copies, and what it must not declare. */
import { beforeAll, describe, expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import type { RecordedResource, Recording } from '../recording.ts';
import { named, ofType, recordAws } from './aws-recording.ts';

let production: Recording;
let dr: Recording;
beforeAll(async () => {
  production = await recordAws('production');
  dr = await recordAws('dr');
});

const aws = (recording: Recording): RecordedResource[] => recording.filter(({ type }) => type.startsWith('aws:'));
const text = (value: unknown): string => JSON.stringify(value);
/** IAM and DNS have no region. */
const GLOBAL = /^aws:(iam|route53)\//;

describe('production', () => {
  test('declares everything with the stack’s own provider, which takes no other account', () => {
    const [provider] = production.filter(({ type }) => type === 'pulumi:providers:aws');
    expect(provider?.inputs).toMatchObject({ region: 'us-east-1', allowedAccountIds: text(['123456789012']) });
    const foreign = aws(production).filter((each) => !each.provider?.startsWith(`${provider?.urn}::`));
    expect(foreign.map(({ name }) => name)).toEqual([]);
  });

  test('names a region in each resource that has one', () => {
    const without = aws(production).filter(({ type, inputs }) => !GLOBAL.test(type) && inputs.region === undefined);
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  test.each([
    ['primary', 'go-coffee-backups', 'us-east-1'],
    ['secondary', 'go-coffee-backups-eu-west-1', 'eu-west-1'],
  ])('%s: versions, lock, encryption, owner, no public access', (id, bucket, region) => {
    const setting = (type: string, end: string) => named(production, `s3/${type}`, `storage-${id}${end}`).inputs;
    expect(setting('bucket:Bucket', '')).toMatchObject({
      bucket,
      region,
      objectLockEnabled: true,
      forceDestroy: false,
    });
    expect(setting('bucketVersioning:BucketVersioning', '-versioning').versioningConfiguration).toEqual({
      status: 'Enabled',
    });
    expect(setting('bucketObjectLockConfiguration:BucketObjectLockConfiguration', '-lock').rule).toEqual({
      defaultRetention: { mode: 'GOVERNANCE', days: 90 },
    });
    const encryption = setting(
      'bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
      '-encryption',
    );
    expect(encryption.rules).toEqual([
      {
        applyServerSideEncryptionByDefault: {
          sseAlgorithm: 'aws:kms',
          // The key of the bucket's own region.
          kmsMasterKeyId: expect.stringContaining(`arn:aws:kms:${region}:`),
        },
        bucketKeyEnabled: true,
        blockedEncryptionTypes: ['SSE-C'],
      },
    ]);
    expect(setting('bucketOwnershipControls:BucketOwnershipControls', '-ownership').rule).toEqual({
      objectOwnership: 'BucketOwnerEnforced',
    });
    expect(setting('bucketPublicAccessBlock:BucketPublicAccessBlock', '-public-access')).toMatchObject({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
  });

  test('COMPLIANCE, other places and the plan’s own numbers by config', async () => {
    const strict = await recordAws('production', {
      storage: { lockMode: 'compliance', repositories: { primary: { bucket: 'other-name' } } },
      plan: { repositories: { primary: { retention: '120d', immutable: { lock: '120d' } } } },
    });
    const lock = (id: string) =>
      named(strict, 's3/bucketObjectLockConfiguration:BucketObjectLockConfiguration', `${id}-lock`).inputs.rule;
    expect(lock('primary')).toEqual({ defaultRetention: { mode: 'COMPLIANCE', days: 120 } });
    expect(lock('secondary')).toEqual({ defaultRetention: { mode: 'COMPLIANCE', days: 90 } });
    expect(named(strict, 's3/bucket:Bucket', 'storage-primary').inputs.bucket).toBe('other-name');
  });

  test('expires no current object but logs, and old versions not before their retention', () => {
    const lifecycles = ofType(production, 's3/bucketLifecycleConfiguration:BucketLifecycleConfiguration');
    expect(lifecycles).toHaveLength(3);
    for (const { inputs, name } of lifecycles.filter((each) => !each.name.includes('-log-'))) {
      const rules = inputs.rules as Record<string, Record<string, unknown> | undefined>[];
      const expiring = rules.flatMap(({ expiration }) => (expiration === undefined ? [] : [expiration]));
      expect(expiring, name).toEqual([{ expiredObjectDeleteMarker: true }]);
      const old = rules.flatMap((rule) => rule.noncurrentVersionExpiration ?? []);
      expect(old, name).toEqual([{ noncurrentDays: 90 }]);
      const moved = rules.filter(({ transitions }) => transitions !== undefined);
      expect(
        moved.map(({ filter }) => filter),
        name,
      ).toEqual([
        { and: { prefix: 'production/pgbackrest/', objectSizeGreaterThan: 131_071 } },
        { and: { prefix: 'production/restic/data/', objectSizeGreaterThan: 131_071 } },
      ]);
      for (const { transitions } of moved) {
        expect(transitions).toEqual([
          { days: 30, storageClass: 'STANDARD_IA' },
          { days: 60, storageClass: 'GLACIER_IR' },
        ]);
      }
    }
  });

  test('replicates what is written once, both ways, in time and without deletions', () => {
    const copies = ofType(production, 's3/bucketReplicationConfig:BucketReplicationConfig');
    expect(copies).toHaveLength(2);
    for (const { inputs } of copies) {
      const rules = inputs.rules as Record<string, unknown>[];
      expect(rules.map(({ filter }) => filter)).toEqual(
        ['evidence', 'incidents', 'keys'].map((name) => ({ prefix: `production/${name}/` })),
      );
      for (const rule of rules) {
        expect(rule).toMatchObject({
          deleteMarkerReplication: { status: 'Disabled' },
          destination: { replicationTime: { status: 'Enabled' }, metrics: { status: 'Enabled' } },
        });
      }
    }
  });

  test('one key for both regions, that turns, dies slowly and is protected', () => {
    const key = named(production, 'kms/key:Key', 'storage-key-us-east-1');
    const replica = named(production, 'kms/replicaKey:ReplicaKey', 'storage-key-eu-west-1');
    expect(key.inputs).toMatchObject({ multiRegion: true, enableKeyRotation: true, deletionWindowInDays: 30 });
    expect(replica.inputs).toMatchObject({ region: 'eu-west-1', deletionWindowInDays: 30 });
    for (const each of [key, replica]) expect(each).toMatchObject({ protect: true, retainOnDelete: true });
  });

  test('the bucket’s policy comes after every other setting of it', () => {
    for (const id of ['primary', 'secondary']) {
      const policy = named(production, 's3/bucketPolicy:BucketPolicy', `storage-${id}-policy`);
      const bucket = policy.inputs.bucket;
      const settings = aws(production).filter(
        ({ type, inputs, urn }) =>
          type.startsWith('aws:s3/') && inputs.bucket === bucket && urn !== policy.urn && !type.endsWith(':Bucket'),
      );
      expect(settings).toHaveLength(8);
      const before = new Set(policy.dependsOn);
      expect(settings.filter(({ urn }) => !before.has(urn)).map(({ name }) => name)).toEqual([]);
    }
  });

  test('what holds state is protected, and stays when it is no longer declared', () => {
    const state = aws(production).filter(({ type }) => /^aws:(s3|secretsmanager)\//.test(type));
    const loose = state.filter(({ type, protect }) => !protect && !type.includes('bucketReplication'));
    // Another passphrase is another version: protected, it would stop the update.
    expect(loose.map(({ name, retainOnDelete }) => [name, retainOnDelete])).toEqual([['aws-secrets-version', true]]);
    const buckets = ofType(production, 's3/bucket:Bucket');
    expect(buckets.map(({ retainOnDelete }) => retainOnDelete)).toEqual([true, true, true]);
  });

  test.each(['none', 's3', 'cloudtrail'])('access logs: %s', async (accessLogs) => {
    const recording = await recordAws('production', { storage: { accessLogs } });
    const logs = ofType(recording, 's3/bucket:Bucket').filter(({ name }) => name.includes('-log-'));
    const trails = ofType(recording, 'cloudtrail/trail:Trail');
    const logging = ofType(recording, 's3/bucketLogging:BucketLogging');
    const counts = { none: [0, 0, 0], s3: [2, 0, 2], cloudtrail: [1, 1, 0] };
    expect([logs.length, trails.length, logging.length]).toEqual(counts[accessLogs as 'none']);
    // S3 delivers no logs into a bucket with Object Lock; CloudTrail does.
    const locks = ofType(recording, 's3/bucketObjectLockConfiguration:BucketObjectLockConfiguration');
    const ofLogs = locks.filter(({ name }) => name.includes('-log-')).map(({ inputs }) => inputs.rule);
    const rule = { defaultRetention: { mode: 'GOVERNANCE', days: 365 } };
    expect(ofLogs).toEqual(accessLogs === 'cloudtrail' ? [rule] : []);
    for (const { inputs } of trails) {
      expect(inputs).toMatchObject({ isMultiRegionTrail: true, enableLogFileValidation: true });
      expect(text(inputs.advancedEventSelectors)).toContain('arn:aws:s3:::go-coffee-backups-eu-west-1/');
    }
  });

  test('images of the named prefixes go to the second region, only by config', async () => {
    const [images] = ofType(production, 'ecr/replicationConfiguration:ReplicationConfiguration');
    expect(images?.inputs).toMatchObject({
      region: 'us-east-1',
      replicationConfiguration: {
        rules: [
          {
            destinations: [{ region: 'eu-west-1', registryId: '123456789012' }],
            repositoryFilters: [{ filter: 'go-coffee/', filterType: 'PREFIX_MATCH' }],
          },
        ],
      },
    });
    const without = await recordAws('production', { registry: {} });
    expect(ofType(without, 'ecr/replicationConfiguration:ReplicationConfiguration')).toEqual([]);
  });
});

describe('dr', () => {
  test('uses given buckets: it declares none, nor a key, a secret or the break-glass role of them', () => {
    const types = new Set(aws(dr).map(({ type }) => type));
    expect([...types].filter((type) => /^aws:(s3|secretsmanager|ecr|cloudtrail)\//.test(type))).toEqual([]);
    expect(ofType(dr, 'kms/key:Key').map(({ name }) => name)).toEqual(['aws-topic-eu-west-1-key']);
    expect(ofType(dr, 'iam/role:Role').map(({ name }) => name)).not.toContain('aws-identity-break-glass');
    expect(dr.outputs.places).toEqual(production.outputs.places);
  });

  test.each(['standby', 'primary'])('in role %s needs no API of the first region', async (role) => {
    const recording = await recordAws('dr', { role });
    const [provider] = recording.filter(({ type }) => type === 'pulumi:providers:aws');
    expect(provider?.inputs.region).toBe('eu-west-1');
    const regions = aws(recording).flatMap(({ inputs }) => inputs.region ?? []);
    expect(new Set(regions)).toEqual(new Set(['eu-west-1']));
    expect(recording.calls.map(({ inputs }) => inputs.region)).toEqual(['eu-west-1']);
  });

  test('has identities of its own for the same service accounts, of its own cluster', () => {
    expect(Object.keys(dr.outputs.roleArns as object)).toEqual(Object.keys(production.outputs.roleArns as object));
    for (const { inputs } of ofType(dr, 'iam/role:Role')) {
      expect(inputs.assumeRolePolicy).toContain('oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLEB');
    }
  });
});

test('places are those of the plan', () => {
  const s3 = productionPlan.repositories.filter(({ storage }) => storage === 's3');
  const places = production.outputs.places as Record<string, { bucket: string; region: string }>;
  expect(Object.values(places).map(({ bucket, region }) => [bucket, region])).toEqual(
    s3.map(({ location, region }) => [location, region]),
  );
});
