import { stat } from 'node:fs/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
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
