/** An intruder with the host and the writer's S3 keys: attacks on data and backups, and what is denied. */
import { rm } from 'node:fs/promises';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { SecurityAttempt } from '../../recovery/report/types.ts';
import type { Platform } from '../platform/platform.ts';
import type { S3Region } from '../s3/region.ts';

export const INTRUDER_ROLE = 'helpdesk';

/** Alters rows and adds a superuser. */
export async function attackDatabase(platform: Platform): Promise<{ altered: number }> {
  const client = await platform.postgres();
  try {
    const { rowCount } = await client.query(`update payments set amount_cents = amount_cents / 10 where id % 3 = 0`);
    await client.query(`update accounts set email = 'intruder' || id || '@example.org' where id < 20`);
    await client.query(`create role ${INTRUDER_ROLE} superuser login password 'x'`);
    return { altered: rowCount ?? 0 };
  } finally {
    await client.end();
  }
}

export async function removeLocalRepository(platform: Platform): Promise<SecurityAttempt> {
  await rm(platform.paths.localRepository, { recursive: true, force: true });
  return {
    attempt: 'delete the local repository',
    outcome: 'succeeded',
    expected: 'succeeded',
    detail: 'the host can delete a folder that it can write: it is one copy of three',
  };
}

async function keysOf(client: S3Client, bucket: string): Promise<ObjectIdentifier[]> {
  const found: ObjectIdentifier[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, ...(token ? { ContinuationToken: token } : {}) }),
    );
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) found.push({ Key });
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return found;
}

/**
 * Puts a delete marker on every object of the bucket, which the writer may: a listing then shows only WAL that the running server has
 * archived since.
 */
export async function hideEverything(region: S3Region): Promise<SecurityAttempt & { readonly hidden: number }> {
  const client = region.client(await region.keys('writer'));
  try {
    const keys = await keysOf(client, region.bucket);
    let refused = 0;
    for (let from = 0; from < keys.length; from += 500) {
      const Delete = { Objects: keys.slice(from, from + 500), Quiet: true };
      const { Errors } = await client.send(new DeleteObjectsCommand({ Bucket: region.bucket, Delete }));
      refused += Errors?.length ?? 0;
    }
    const left = await keysOf(client, region.bucket);
    return {
      attempt: `${region.name}: hide every object behind a delete marker`,
      outcome: refused === 0 ? 'succeeded' : 'denied',
      expected: 'succeeded',
      detail: `${keys.length - refused} objects hidden, ${refused} refused, ${left.length} written or left since; no version is gone`,
      hidden: keys.length,
    };
  } finally {
    client.destroy();
  }
}

async function attempt(what: string, work: () => Promise<unknown>): Promise<SecurityAttempt> {
  try {
    await work();
    return { attempt: what, outcome: 'succeeded', expected: 'denied', detail: 'was not denied' };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const denied = name === 'AccessDenied';
    return {
      attempt: what,
      outcome: denied ? 'denied' : 'succeeded',
      expected: 'denied',
      detail: `${name}: ${message}`,
    };
  }
}

/** Tries everything that would make the loss final; each attempt must be denied. Removes versions of up to three objects. */
export async function tryToDestroy(region: S3Region): Promise<SecurityAttempt[]> {
  const client = region.client(await region.keys('writer'));
  const Bucket = region.bucket;
  const soon = new Date(Date.now() + 60_000);
  try {
    const listed = await client.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 50 }));
    const versions = (listed.Versions ?? []).slice(0, 3).map(({ Key, VersionId }) => ({ Bucket, Key, VersionId }));
    const [some] = versions;
    if (some === undefined) throw new Error(`${region.name} lists no object version`);
    const at = (what: string): string => `${region.name}: ${what}`;
    const tries: [string, () => Promise<unknown>][] = [
      ...versions.map(({ Key, VersionId }): [string, () => Promise<unknown>] => [
        at(`remove a version of ${Key}`),
        () => client.send(new DeleteObjectCommand({ Bucket, Key, VersionId })),
      ]),
      [
        at('remove a version and bypass the lock'),
        () => client.send(new DeleteObjectCommand({ ...some, BypassGovernanceRetention: true })),
      ],
      [
        at('shorten the retention of a version'),
        () =>
          client.send(
            new PutObjectRetentionCommand({ ...some, Retention: { Mode: 'GOVERNANCE', RetainUntilDate: soon } }),
          ),
      ],
      [
        at('suspend versioning'),
        () => client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } })),
      ],
      [
        at('weaken the bucket’s Object Lock'),
        () =>
          client.send(
            new PutObjectLockConfigurationCommand({
              Bucket,
              ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
            }),
          ),
      ],
      [at('change the bucket policy'), () => client.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' }))],
    ];
    const results: SecurityAttempt[] = [];
    for (const [what, work] of tries) results.push(await attempt(what, work));
    return results;
  } finally {
    client.destroy();
  }
}
