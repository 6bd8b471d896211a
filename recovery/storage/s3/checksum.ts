/**
 * AWS refuses each write into a bucket with a default Object Lock retention that has no checksum. Content-MD5 is the one that every store
 * takes: older MinIO, Ceph and Scality refuse or ignore the newer `x-amz-checksum-…` that the SDK sends by itself. A process in FIPS mode
 * has no MD5 and sends SHA-256.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
 */
import { createHash, getFips, type Hash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';

export interface Checksum {
  readonly header: 'content-md5' | 'x-amz-checksum-sha256';
  readonly hash: Hash;
}

/** Give it the body, then send its digest in base64. */
export function makeChecksum(fips = getFips() === 1): Checksum {
  return fips
    ? { header: 'x-amz-checksum-sha256', hash: createHash('sha256') }
    : { header: 'content-md5', hash: createHash('md5') };
}

const bodyRequest = z.looseObject({
  headers: z.record(z.string(), z.string()),
  body: z.union([z.string(), z.instanceof(Uint8Array)]),
});

/** What the SDK adds by itself where an operation needs a checksum. */
const SDK_OWN = /^x-amz-(checksum-|sdk-checksum-algorithm)/;

/** Gives each request with a body its checksum, bucket settings too. A stream brings its own. */
export function addChecksums(client: S3Client, fips?: boolean): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = bodyRequest.safeParse(args.request).data;
      if (request === undefined || request.body.length === 0 || 'content-md5' in request.headers) return next(args);
      const { header, hash } = makeChecksum(fips);
      const kept = Object.entries(request.headers).filter(([name]) => !SDK_OWN.test(name));
      const headers = { ...Object.fromEntries(kept), [header]: hash.update(request.body).digest('base64') };
      return next({ ...args, request: Object.assign(args.request as object, { headers }) });
    },
    { step: 'build', name: 'addChecksums', priority: 'low' },
  );
}
