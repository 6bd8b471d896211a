/** Makes a missing bucket: with versions and Object Lock, which can't be added later. */
import {
  CreateBucketCommand,
  HeadBucketCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { bucketPolicy } from './bucket-policy.ts';
import { makeS3Client } from './client.ts';
import { explainS3Failure, nameOf, statusOf } from './failure.ts';
import type { S3Keys } from './keys.ts';
import type { S3RepositorySettings } from './settings.ts';

export interface BucketRequest {
  readonly settings: S3RepositorySettings;
  readonly admin: S3Keys;
  /** Prefix in which the restorer may coordinate. */
  readonly environment: string;
  /** Access key ids; undefined for a user that the store does not manage. */
  readonly writer: string | undefined;
  readonly restorer: string | undefined;
  /** Default retention of every object version. */
  readonly lock?: { readonly mode: 'governance' | 'compliance'; readonly days: number };
}

export type BucketOutcome = { readonly made: false } | { readonly made: true; readonly fact: string };

async function isThere(client: S3Client, bucket: string): Promise<boolean> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

async function make(client: S3Client, { settings: { bucket }, lock }: BucketRequest): Promise<void> {
  const Bucket = bucket;
  await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  if (lock === undefined) return;
  const DefaultRetention = {
    Mode: lock.mode === 'compliance' ? ('COMPLIANCE' as const) : ('GOVERNANCE' as const),
    Days: lock.days,
  };
  await client.send(
    new PutObjectLockConfigurationCommand({
      Bucket,
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } },
    }),
  );
}

/** Some stores manage the rights of their users themselves and refuse a policy that names them: then a person must grant them. */
async function admit(client: S3Client, request: BucketRequest): Promise<string> {
  const { settings, environment, writer, restorer } = request;
  if (writer === undefined || restorer === undefined) return 'its users get their rights elsewhere';
  const facts = { bucket: settings.bucket, environment, writer, restorer };
  const put = (conditions: boolean) =>
    client.send(new PutBucketPolicyCommand({ Bucket: settings.bucket, Policy: bucketPolicy(facts, { conditions }) }));
  const open = 'open to its writer and its restorer';
  try {
    await put(true);
    return `${open}; nobody may encrypt with a key of their own (SSE-C)`;
  } catch (refused) {
    const status = statusOf(refused) ?? 500;
    if (status >= 500) throw refused;
    // A store that knows no conditions refuses the whole policy.
    try {
      await put(false);
      return `${open}; this store can't deny keys of their own (SSE-C): watch for objects that nobody can read (\`dr verify\`)`;
    } catch (error) {
      return `this store takes no policy for its users (${nameOf(error)}): give the writer and the restorer their rights there`;
    }
  }
}

/** A bucket that exists is not changed. Throws `REPOSITORY-UNREACHABLE`, `-DENIED` or `-FAILED`. */
export async function makeMissingBucket(request: BucketRequest): Promise<BucketOutcome> {
  const { settings, lock } = request;
  const client = makeS3Client({ settings, credentials: request.admin });
  try {
    if (await isThere(client, settings.bucket)) return { made: false };
    await make(client, request);
    const kept = lock === undefined ? 'versions' : `versions, ${lock.mode} for ${lock.days} days`;
    return { made: true, fact: `${kept}; ${await admit(client, request)}` };
  } catch (error) {
    throw explainS3Failure(error, `bucket ${settings.bucket} at ${settings.endpoint}`, settings.bucket);
  } finally {
    client.destroy();
  }
}
