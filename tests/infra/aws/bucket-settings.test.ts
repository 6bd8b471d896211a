/** The declared settings of the buckets as calls of the S3 API: taken, and read back as they were declared. */
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketReplicationCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketReplicationCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { named } from './aws-recording.ts';
import { withMoto } from './moto.ts';
import { production } from './policy-rows.ts';
import { applySetting, inApiWords, settingsOf } from './s3-calls.ts';

const BUCKETS = ['go-coffee-backups', 'go-coffee-backups-eu-west-1'];
const REPLICATION = 'aws:s3/bucketReplicationConfig:BucketReplicationConfig';

const declared = (type: string, end: string): Readonly<Record<string, unknown>> =>
  named(production, `s3/${type}`, end).inputs;

/** moto forgets the sizes of a filter. */
const withoutSizes = (rules: unknown): unknown =>
  JSON.parse(JSON.stringify(rules, (key, value) => (key === 'ObjectSizeGreaterThan' ? undefined : value)));

test('AWS’s own API takes every setting of both buckets, and answers with what was declared', () =>
  withMoto(async (client) => {
    const settings = settingsOf(production, BUCKETS);
    // Each bucket has ten of them.
    expect(settings).toHaveLength(20);
    const of = ({ inputs }: (typeof settings)[number]) => client(String(inputs.region));
    // A destination has to be there before anything is copied to it.
    const copies = settings.filter(({ type }) => type === REPLICATION);
    for (const setting of settings.filter(({ type }) => type !== REPLICATION)) await applySetting(of(setting), setting);
    for (const setting of copies) await applySetting(of(setting), setting);

    const s3 = client('us-east-1');
    const bucket = { Bucket: 'go-coffee-backups' };
    expect((await s3.send(new GetBucketVersioningCommand(bucket))).Status).toBe('Enabled');
    expect((await s3.send(new GetObjectLockConfigurationCommand(bucket))).ObjectLockConfiguration).toMatchObject({
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 90 } },
    });
    const encryption = await s3.send(new GetBucketEncryptionCommand(bucket));
    expect(encryption.ServerSideEncryptionConfiguration?.Rules?.[0]).toMatchObject({
      ApplyServerSideEncryptionByDefault: {
        SSEAlgorithm: 'aws:kms',
        KMSMasterKeyID: expect.stringContaining('key/mrk-'),
      },
      BucketKeyEnabled: true,
    });
    expect((await s3.send(new GetBucketOwnershipControlsCommand(bucket))).OwnershipControls).toEqual({
      Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }],
    });
    const blocked = await s3.send(new GetPublicAccessBlockCommand(bucket));
    expect(Object.values(blocked.PublicAccessBlockConfiguration ?? {})).toEqual([true, true, true, true]);
    const lifecycle = await s3.send(new GetBucketLifecycleConfigurationCommand(bucket));
    const rules = declared(
      'bucketLifecycleConfiguration:BucketLifecycleConfiguration',
      'storage-primary-lifecycle',
    ).rules;
    expect(lifecycle.Rules).toEqual(withoutSizes(inApiWords(rules)));
    const replication = await s3.send(new GetBucketReplicationCommand(bucket));
    // moto forgets prefixes here; the declaration of them is asserted elsewhere.
    expect(replication.ReplicationConfiguration?.Rules?.map(({ ID, Status }) => [ID, Status])).toEqual([
      ['evidence', 'Enabled'],
      ['incidents', 'Enabled'],
      ['keys', 'Enabled'],
    ]);
    const notification = await s3.send(new GetBucketNotificationConfigurationCommand(bucket));
    expect(notification.TopicConfigurations?.[0]?.Events).toContain('s3:Replication:OperationFailedReplication');
    const policy = declared('bucketPolicy:BucketPolicy', 'storage-primary-policy').policy;
    expect(JSON.parse((await s3.send(new GetBucketPolicyCommand(bucket))).Policy ?? '')).toEqual(
      JSON.parse(String(policy)),
    );
  }));

test('the same API refuses what is wrong with a rule', () =>
  withMoto(async (client) => {
    const s3 = client('us-east-1');
    const bucket = named(production, 's3/bucket:Bucket', 'storage-primary');
    await applySetting(s3, bucket);
    const Bucket = 'go-coffee-backups';
    const both = {
      ID: 'x',
      Status: 'Enabled',
      Filter: { Prefix: 'a/' },
      Prefix: 'a/',
      Expiration: { Days: 1 },
    } as const;
    await expect(
      s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [both] } })),
    ).rejects.toMatchObject({ name: 'MalformedXML' });
    // From a bucket without versions.
    const plain = 'without-versions';
    await applySetting(s3, { ...bucket, inputs: { ...bucket.inputs, bucket: plain, objectLockEnabled: false } });
    const Rules = inApiWords(declared('bucketReplicationConfig:BucketReplicationConfig', 'replication-primary').rules);
    await expect(
      s3.send(
        new PutBucketReplicationCommand({ Bucket: plain, ReplicationConfiguration: { Role: 'r', Rules: Rules as [] } }),
      ),
    ).rejects.toThrow(/[Vv]ersioning/);
  }));
