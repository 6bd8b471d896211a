/** Which checksum a request carries. */
import { createHash } from 'node:crypto';
import { PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { environmentSchema } from '../../../../recovery/config/environment.ts';
import { addChecksums } from '../../../../recovery/storage/s3/checksum.ts';

type Headers = Record<string, string>;

async function sent(command: PutObjectCommand | PutBucketPolicyCommand, fips?: boolean): Promise<Headers> {
  const client = new S3Client({
    endpoint: 'https://localhost:1',
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  addChecksums(client, fips);
  let headers: Headers = {};
  client.middlewareStack.add(
    () => async (args) => {
      headers = (args.request as { headers: Headers }).headers;
      throw new Error('far enough');
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  await client.send(command as PutObjectCommand).catch(() => {});
  client.destroy();
  return Object.fromEntries(Object.entries(headers).filter(([name]) => /md5|checksum/.test(name)));
}

const put = (change = {}) => new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x', ...change });
const digest = (name: string, text: string) => createHash(name).update(text).digest('base64');

test('a body has one that every store takes; under FIPS, where there is no MD5, the newer one', async () => {
  expect(await sent(put())).toEqual({ 'content-md5': digest('md5', 'x') });
  expect(await sent(put({ Body: Buffer.from('x') }))).toEqual({ 'content-md5': digest('md5', 'x') });
  expect(await sent(put(), true)).toEqual({ 'x-amz-checksum-sha256': digest('sha256', 'x') });
});

test('a bucket’s setting has it too, in place of the SDK’s own; one that was given is kept', async () => {
  const policy = new PutBucketPolicyCommand({ Bucket: 'b', Policy: '{}' });
  expect(await sent(policy)).toEqual({ 'content-md5': digest('md5', '{}') });
  expect(await sent(put({ ContentMD5: 'given' }))).toEqual({ 'content-md5': 'given' });
});

test('a bucket with dots in its name is no host name', () => {
  const secret = { env: 'X' };
  const keys = { accessKeyId: secret, secretAccessKey: secret };
  const settings = {
    type: 's3',
    endpoint: 'https://s3.eu-west-1.amazonaws.com',
    region: 'eu-west-1',
    bucket: 'backups.example.com',
    passphrases: [{ name: 'one', from: secret }],
    writer: keys,
    restorer: keys,
  };
  const parse = (uriStyle: string) =>
    environmentSchema.shape.repositories.safeParse({ primary: { ...settings, uriStyle } });
  expect(parse('path').success).toBe(true);
  expect(parse('host').error?.issues[0]).toMatchObject({ path: ['primary', 'uriStyle'] });
});
