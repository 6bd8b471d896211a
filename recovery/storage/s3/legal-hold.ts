/** A legal hold on objects: nobody removes such a version, whatever its retention says, until the hold is lifted. */
import { ListObjectsV2Command, PutObjectLegalHoldCommand, type S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { makeS3Client, type S3StoreOptions } from './client.ts';
import { explainS3Failure, nameOf, statusOf } from './failure.ts';

export type HoldOutcome =
  | { readonly held: true; readonly objects: number }
  /** The store or its policy refuses: no lock on the bucket, no right, no such call. */
  | { readonly held: false; readonly fact: string };

const AT_ONCE = 16;

async function keysBelow(client: S3Client, Bucket: string, Prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken: token }));
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return keys;
}

/** Holds the current version of every object below `prefix`. Throws `REPOSITORY-UNREACHABLE` or `-FAILED`. */
export async function holdBelow(options: S3StoreOptions, prefix: string): Promise<HoldOutcome> {
  const { settings } = options;
  const client = makeS3Client(options);
  const LegalHold = { Status: 'ON' as const };
  try {
    const keys = await keysBelow(client, settings.bucket, prefix);
    const hold = (Key: string) =>
      client.send(new PutObjectLegalHoldCommand({ Bucket: settings.bucket, Key, LegalHold }));
    await pMap(keys, hold, { concurrency: AT_ONCE });
    return { held: true, objects: keys.length };
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined && status >= 400 && status < 500 && status !== 429) {
      return { held: false, fact: `the store refuses a legal hold (${nameOf(error)})` };
    }
    if (status === 501) return { held: false, fact: 'the store knows no legal hold' };
    throw explainS3Failure(error, `bucket ${settings.bucket} at ${settings.endpoint}`, settings.bucket);
  } finally {
    client.destroy();
  }
}
