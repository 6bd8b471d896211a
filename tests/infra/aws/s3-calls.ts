/** What the aws provider would ask of S3 for a recorded bucket: declared settings as calls of its API, in the declared order. */
import {
  CreateBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { RecordedResource, Recording } from '../recording.ts';

type Json = Record<string, unknown>;

/** Names that differ by more than their first letter. */
const NAMES: Readonly<Record<string, string>> = {
  id: 'ID',
  kmsMasterKeyId: 'KMSMasterKeyID',
  replicaKmsKeyId: 'ReplicaKmsKeyID',
  sseAlgorithm: 'SSEAlgorithm',
};

export function inApiWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inApiWords);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      NAMES[key] ?? `${key[0]?.toUpperCase()}${key.slice(1)}`,
      // The API wraps this list once more.
      key === 'blockedEncryptionTypes' ? { EncryptionType: item } : inApiWords(item),
    ]),
  );
}

/** The API's own types are for people who write calls by hand. */
// biome-ignore lint/suspicious/noExplicitAny: a recording is no typed input
const words = (value: unknown): any => inApiWords(value);

type Send = (client: S3Client, inputs: Json) => Promise<unknown>;

const SETTINGS: Readonly<Record<string, Send>> = {
  'bucket:Bucket': (client, { bucket, region, objectLockEnabled }) =>
    client.send(
      new CreateBucketCommand({
        Bucket: bucket as string,
        ObjectLockEnabledForBucket: objectLockEnabled === true,
        ...(region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: words(region) } }),
      }),
    ),
  'bucketVersioning:BucketVersioning': (client, { bucket, versioningConfiguration }) =>
    client.send(
      new PutBucketVersioningCommand({
        Bucket: bucket as string,
        VersioningConfiguration: words(versioningConfiguration),
      }),
    ),
  'bucketObjectLockConfiguration:BucketObjectLockConfiguration': (client, { bucket, objectLockEnabled, rule }) =>
    client.send(
      new PutObjectLockConfigurationCommand({
        Bucket: bucket as string,
        ObjectLockConfiguration: words({ objectLockEnabled, rule }),
      }),
    ),
  'bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': (client, { bucket, rules }) =>
    client.send(
      new PutBucketEncryptionCommand({
        Bucket: bucket as string,
        ServerSideEncryptionConfiguration: words({ rules }),
      }),
    ),
  'bucketOwnershipControls:BucketOwnershipControls': (client, { bucket, rule }) =>
    client.send(
      new PutBucketOwnershipControlsCommand({
        Bucket: bucket as string,
        OwnershipControls: words({ rules: [rule] }),
      }),
    ),
  'bucketPublicAccessBlock:BucketPublicAccessBlock': (client, { bucket, region: _, ...block }) =>
    client.send(
      new PutPublicAccessBlockCommand({
        Bucket: bucket as string,
        PublicAccessBlockConfiguration: words(block),
      }),
    ),
  'bucketLifecycleConfiguration:BucketLifecycleConfiguration': (client, inputs) =>
    client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket: inputs.bucket as string,
        TransitionDefaultMinimumObjectSize: inputs.transitionDefaultMinimumObjectSize as 'all_storage_classes_128K',
        LifecycleConfiguration: words({ rules: inputs.rules }),
      }),
    ),
  'bucketReplicationConfig:BucketReplicationConfig': (client, { bucket, role, rules }) =>
    client.send(
      new PutBucketReplicationCommand({
        Bucket: bucket as string,
        ReplicationConfiguration: words({ role, rules }),
      }),
    ),
  'bucketNotification:BucketNotification': (client, { bucket, eventbridge, topics }) =>
    client.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: bucket as string,
        NotificationConfiguration: {
          ...(eventbridge === true ? { EventBridgeConfiguration: {} } : {}),
          TopicConfigurations: (topics as Json[]).map(({ id, ...topic }) => ({ Id: id as string, ...words(topic) })),
        },
        SkipDestinationValidation: true,
      }),
    ),
  'bucketPolicy:BucketPolicy': (client, { bucket, policy }) =>
    client.send(new PutBucketPolicyCommand({ Bucket: bucket as string, Policy: policy as string })),
};

/** Settings of buckets, by the end of their type, in an order in which the declared dependencies hold. */
export function settingsOf(recording: Recording, buckets: readonly string[]): RecordedResource[] {
  return recording.filter(({ type, inputs }) => type.startsWith('aws:s3/') && buckets.includes(String(inputs.bucket)));
}

/** Throws what S3 throws; and for a kind of setting that it does not know, so that none is left out. */
export async function applySetting(client: S3Client, { type, inputs, name }: RecordedResource): Promise<void> {
  const send = SETTINGS[type.replace('aws:s3/', '')];
  if (send === undefined) throw new Error(`no call is known for ${type} (${name})`);
  await send(client, inputs as Json);
}
