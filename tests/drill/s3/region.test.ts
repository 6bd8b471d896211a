import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { Agent } from 'node:https';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { environmentSchema } from '../../../recovery/config/environment.ts';
import { withRegion } from '../../platform.ts';

const denied = { name: 'AccessDenied' };

test('the writer can put delete markers and can’t remove what was written', async () => {
  await withRegion('primary', async (region) => {
    const Bucket = region.bucket;
    const [writer, restorer, root] = await Promise.all(
      (['writer', 'restorer', 'root'] as const).map(async (role) => region.client(await region.keys(role))),
    );
    if (!writer || !restorer || !root) throw new Error('no clients');
    const Key = 'drill/catalog/v1/points/a.json';
    const { VersionId } = await writer.send(new PutObjectCommand({ Bucket, Key, Body: 'before' }));
    await writer.send(new DeleteObjectCommand({ Bucket, Key }));
    await expect(writer.send(new GetObjectCommand({ Bucket, Key }))).rejects.toMatchObject({ name: 'NoSuchKey' });

    const version = { Bucket, Key, VersionId };
    await expect(writer.send(new DeleteObjectCommand(version))).rejects.toMatchObject(denied);
    const bypass = { ...version, BypassGovernanceRetention: true };
    await expect(writer.send(new DeleteObjectCommand(bypass))).rejects.toMatchObject(denied);
    const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + 60_000) } as const;
    await expect(writer.send(new PutObjectRetentionCommand({ ...version, Retention }))).rejects.toMatchObject(denied);
    const VersioningConfiguration = { Status: 'Suspended' } as const;
    await expect(
      writer.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration })),
    ).rejects.toMatchObject(denied);
    await expect(writer.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' }))).rejects.toMatchObject(denied);
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' } as const;
    const weaken = new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration });
    await expect(writer.send(weaken)).rejects.toMatchObject(denied);
    // The lock itself holds, whoever asks.
    await expect(root.send(new DeleteObjectCommand(version))).rejects.toMatchObject(denied);

    const read = await restorer.send(new GetObjectCommand(version));
    expect(await read.Body?.transformToString()).toBe('before');
    await expect(restorer.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))).rejects.toMatchObject(denied);
    await restorer.send(new PutObjectCommand({ Bucket, Key: 'drill/locks/site.json', Body: '{}' }));
    await restorer.send(new DeleteObjectCommand({ Bucket, Key: 'drill/locks/site.json' }));
    const elsewhere = { Bucket, Key: 'drill/restic/locks/x', Body: '{}' };
    await expect(restorer.send(new PutObjectCommand(elsewhere))).rejects.toMatchObject(denied);
  });
});

test('rotated keys are revoked, new ones work, and a killed region restarts with its data', async () => {
  await withRegion('secondary', async (region) => {
    const put = async (keys: Awaited<ReturnType<typeof region.keys>>, Key: string) =>
      region.client(keys).send(new PutObjectCommand({ Bucket: region.bucket, Key, Body: 'x' }));
    await put(await region.keys('writer'), 'drill/a');
    const old = await region.rotate();
    await expect(put(old.writer, 'drill/b')).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
    await put(await region.keys('writer'), 'drill/b');

    await region.kill();
    await expect(put(await region.keys('writer'), 'drill/c')).rejects.toThrow(/ECONNREFUSED/);
    await region.start();
    const reader = region.client(await region.keys('restorer'));
    const kept = await reader.send(new GetObjectCommand({ Bucket: region.bucket, Key: 'drill/a' }));
    expect(await kept.Body?.transformToString()).toBe('x');
  });
});

test('its settings are valid, name files and contain no secret', async () => {
  await withRegion('primary', async (region) => {
    const passphrases = [{ name: 'one', from: { env: 'PASSPHRASE' } }];
    const settings = region.settings(passphrases);
    expect(environmentSchema.shape.repositories.parse({ primary: settings })).toEqual({ primary: settings });
    const keys = await region.keys('writer');
    expect(JSON.stringify(settings)).not.toContain(keys.secretAccessKey);
    const { secretAccessKey } = settings.writer;
    expect('file' in secretAccessKey && (await stat(secretAccessKey.file)).mode & 0o777).toBe(0o600);
  });
});

test('is as strict as AWS, also after it was killed: what versitygw refuses and what its front refuses', async () => {
  await withRegion('primary', async (region) => {
    const Bucket = region.bucket;
    const keys = await region.keys('root');
    const asks = async (command: PutObjectCommand, change: S3ClientConfig = {}) => {
      const ca = await readFile(region.ca);
      const client = new S3Client({
        endpoint: region.endpoint,
        region: region.region,
        forcePathStyle: true,
        credentials: keys,
        maxAttempts: 1,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        requestHandler: { httpsAgent: new Agent({ ca }) },
        ...change,
      });
      return client.send(command).finally(() => client.destroy());
    };
    const put = (change: Partial<PutObjectCommandInput> = {}) =>
      new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', ...change });
    const ContentMD5 = createHash('md5').update('x').digest('base64');
    await asks(put({ ContentMD5 }));
    await asks(put({ ChecksumAlgorithm: 'CRC32' }));
    const hour = 3_600_000;
    const refused: [string, PutObjectCommand, S3ClientConfig?][] = [
      ['InvalidRequest', put()],
      ['BadDigest', put({ ContentMD5: createHash('md5').update('y').digest('base64') })],
      ['BadDigest', put({ ChecksumCRC32: 'AAAAAA==' })],
      ['PreconditionFailed', put({ ContentMD5, IfNoneMatch: '*' })],
      ['PreconditionFailed', put({ ContentMD5, IfMatch: '"other"' })],
      ['NoSuchKey', put({ ContentMD5, Key: 'none', IfMatch: '"other"' })],
      ['AuthorizationHeaderMalformed', put({ ContentMD5 }), { region: 'eu-west-1' }],
      ['RequestTimeTooSkewed', put({ ContentMD5 }), { systemClockOffset: hour }],
      ['RequestTimeTooSkewed', put({ ContentMD5 }), { systemClockOffset: -hour }],
      ['KeyTooLongError', put({ ContentMD5, Key: 'k/'.repeat(513) })],
      ['AccessDenied', put({ ContentMD5, SSECustomerAlgorithm: 'AES256', SSECustomerKey: 'k'.repeat(43).concat('=') })],
    ];
    for (const [name, command, change] of refused)
      await expect(asks(command, change), name).rejects.toMatchObject({ name });

    const { UploadId } = await region.client(keys).send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
    const Parts = await Promise.all(
      [1, 2].map(async (PartNumber) => {
        const part = new UploadPartCommand({ Bucket, Key: 'parts', UploadId, PartNumber, Body: 'small' });
        return { PartNumber, ETag: (await region.client(keys).send(part)).ETag };
      }),
    );
    const complete = { Bucket, Key: 'parts', UploadId, MultipartUpload: { Parts } };
    await expect(region.client(keys).send(new CompleteMultipartUploadCommand(complete))).rejects.toMatchObject({
      name: 'EntityTooSmall',
    });

    await region.kill();
    await region.start();
    await expect(asks(put())).rejects.toMatchObject({ name: 'InvalidRequest' });
    // Who may not list is not told whether a key is there.
    const writer = await region.keys('writer');
    const missing = new GetObjectCommand({ Bucket, Key: 'none' });
    await expect(region.client(writer).send(missing)).rejects.toMatchObject({ name: 'NoSuchKey' });
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: writer.accessKeyId },
          Action: 's3:GetObject',
          Resource: `arn:aws:s3:::${Bucket}/*`,
        },
      ],
    });
    await region.client(keys).send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await expect(region.client(writer).send(missing)).rejects.toMatchObject(denied);
  });
});
