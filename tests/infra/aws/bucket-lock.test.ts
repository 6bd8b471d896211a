/**
 * The declared lock, versioning and policy on an S3 server that enforces them. It knows users and no conditions of IAM: so the roles'
 * statements name its users, and the two exceptions of the denials are all its other users.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import type { S3Region } from '../../../drill/s3/region.ts';
import type { Statement } from '../../../infra/aws/policy-document.ts';
import { withRegion } from '../../platform.ts';
import { named } from './aws-recording.ts';
import { callerOf, document, FIRST, own, point, production } from './policy-rows.ts';
import { applySetting } from './s3-calls.ts';

const Bucket = 'go-coffee-backups';

/** That this server has no word for: nothing that its S3 could do. */
const UNKNOWN = [
  's3:DeleteObjectVersionTagging',
  's3:PutEncryptionConfiguration',
  's3:PutBucketPublicAccessBlock',
  's3:PutBucketLogging',
  's3:PutBucketRequestPayment',
  's3:PutInventoryConfiguration',
  's3:PutIntelligentTieringConfiguration',
];

const ofBucket = (resource: Statement['Resource']): string[] =>
  [resource ?? []].flat().filter((arn) => arn === FIRST || arn.startsWith(`${FIRST}/`));

/** Statements about this bucket, for one user. */
function forUser(statements: readonly Statement[], user: string): Statement[] {
  return statements.flatMap(({ Condition: _, ...statement }) => {
    const Action = [statement.Action].flat().filter((action) => action.startsWith('s3:') && !UNKNOWN.includes(action));
    const Resource = ofBucket(statement.Resource);
    // A policy there may not ask about a bucket and about objects in one statement.
    const parts = [Resource.filter((arn) => arn === FIRST), Resource.filter((arn) => arn !== FIRST)];
    return parts.flatMap((part, n) => {
      const actions = Action.filter((action) => /Bucket|Configuration$/.test(action) === (n === 0));
      if (part.length === 0 || actions.length === 0) return [];
      return [{ ...statement, Principal: { AWS: [user] }, Action: actions, Resource: part }];
    });
  });
}

function policyFor(user: string): string {
  const role = callerOf(production, 'writer').policy as unknown as { Statement: Statement[] };
  const bucket = document(named(production, 's3/bucketPolicy:BucketPolicy', 'storage-primary-policy').inputs.policy);
  const denials = (bucket as unknown as { Statement: Statement[] }).Statement.filter(({ Sid }) =>
    ['Destroy', 'Retain', 'Reshape'].includes(Sid),
  );
  expect(denials).toHaveLength(3);
  const Statement = [...forUser(role.Statement, user), ...forUser(denials, user)];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

async function declare(region: S3Region) {
  const root = region.client(await region.keys('root'));
  const keys = await region.keys('writer');
  await applySetting(root, named(production, 's3/bucket:Bucket', 'storage-primary'));
  await applySetting(root, named(production, 's3/bucketVersioning:BucketVersioning', 'storage-primary-versioning'));
  await applySetting(
    root,
    named(production, 's3/bucketObjectLockConfiguration:BucketObjectLockConfiguration', 'storage-primary-lock'),
  );
  await root.send(new PutBucketPolicyCommand({ Bucket, Policy: policyFor(keys.accessKeyId) }));
  return { root, writer: region.client(keys) };
}

test('what the writer wrote stays: locked for the plan’s time, under any marker, whoever it gave its keys to', () =>
  withRegion('secondary', async (region) => {
    const { root, writer } = await declare(region);
    const { VersionId } = await writer.send(new PutObjectCommand({ Bucket, Key: own, Body: 'as it was' }));
    const version = { Bucket, Key: own, VersionId };

    // This server writes no date onto each object: it asks the bucket's default at every deletion.
    const lock = await root.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(lock.ObjectLockConfiguration?.Rule?.DefaultRetention).toMatchObject({ Mode: 'GOVERNANCE', Days: 90 });

    // What engines do when they expire.
    expect((await writer.send(new DeleteObjectCommand({ Bucket, Key: own }))).DeleteMarker).toBe(true);
    const denied = { name: 'AccessDenied' };
    await expect(writer.send(new DeleteObjectCommand(version))).rejects.toMatchObject(denied);
    const bypass = new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true });
    await expect(writer.send(bypass)).rejects.toMatchObject(denied);
    const shorter = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + 60_000) } as const;
    await expect(
      writer.send(new PutObjectRetentionCommand({ ...version, Retention: shorter, BypassGovernanceRetention: true })),
    ).rejects.toMatchObject(denied);
    await expect(
      writer.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } })),
    ).rejects.toMatchObject(denied);
    await expect(
      writer.send(
        new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } }),
      ),
    ).rejects.toMatchObject(denied);
    await expect(writer.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' }))).rejects.toMatchObject(denied);
    // The point that proves it is not even marked.
    await root.send(new PutObjectCommand({ Bucket, Key: point, Body: '{}' }));
    await expect(writer.send(new DeleteObjectCommand({ Bucket, Key: point }))).rejects.toMatchObject(denied);

    const { Versions } = await root.send(new ListObjectVersionsCommand({ Bucket, Prefix: own }));
    expect(Versions?.map(({ VersionId: id }) => id)).toEqual([VersionId]);
    const read = await root.send(new GetObjectCommand(version));
    expect(await read.Body?.transformToString()).toBe('as it was');
    // Nobody at all without the bypass, the server's owner included.
    await expect(root.send(new DeleteObjectCommand(version))).rejects.toThrow();
  }));
