/** A damaged S3 repository is made anew from another endpoint: restic can't copy between the two, so the snapshots go by way of a folder. */
import { join } from 'node:path';
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { type S3Region, startS3Region } from '../../drill/s3/region.ts';
import { drEnds, editEnvironment, withGolden } from './golden.ts';

const WORKLOADS = ['--only', 'postgres,uploads,git'];

async function regionAt(folder: string, name: string, region: string): Promise<S3Region> {
  const runAs = process.getuid?.() === 0 ? 'postgres' : undefined;
  return startS3Region({
    folder: join(folder, `s3-${name}`),
    name,
    region,
    bucket: `b-${name}`,
    environment: 'drill',
    lockDays: 1,
    runAs,
  });
}

/** Delete markers over all packs of restic. */
async function losePacks(region: S3Region): Promise<number> {
  const client = region.client(await region.keys('root'));
  const request = { Bucket: region.bucket, Prefix: 'drill/restic/data/' };
  const { Contents = [] } = await client.send(new ListObjectsV2Command(request));
  for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket: region.bucket, Key }));
  client.destroy();
  return Contents.length;
}

test('an S3 repository without its packs is filled from another S3 endpoint, and restored', async () => {
  await withGolden(async ({ folder, startSource, emptySite }) => {
    const regions = [await regionAt(folder, 'primary', 'us-east-1'), await regionAt(folder, 'secondary', 'eu-west-1')];
    const [primary, secondary] = regions;
    if (primary === undefined || secondary === undefined) throw new Error('two regions');
    const source = await startSource();
    const { envFile } = source;
    const { repositories } = await editEnvironment(envFile, (e) => {
      const passphrases = e.repositories.secondary?.passphrases ?? [];
      const both = { primary: primary.settings(passphrases), secondary: secondary.settings(passphrases) };
      return { ...e, repositories: both };
    });
    try {
      await drEnds(0, envFile, ['init']);
      const made = await drEnds(0, envFile, ['backup', '--kind', 'full', ...WORKLOADS, '-o', 'json']);
      const { runId } = JSON.parse(made.stdout) as { runId: string };
      await drEnds(0, envFile, ['points', 'mark', runId, 'verified', '--repository', 'secondary']);
      expect(await losePacks(primary)).toBeGreaterThan(0);
      await drEnds(5, envFile, ['verify', '--repository', 'primary', '--read-data', '0']);
      const done = await drEnds(0, envFile, ['repository', 'recreate', 'primary', '--confirm', 'primary'], {
        timeoutSeconds: 300,
      });
      expect(done.stdout).toMatch(/1 point/);
      await drEnds(0, envFile, ['verify', '--repository', 'primary', '--all']);
      await source.stop();
      await secondary.kill();
      const anew = await emptySite('anew', {
        workloads: ['postgres', 'uploads', 'git'],
        edit: (e) => ({ ...e, repositories }),
      });
      const to = ['restore', '--to', runId, '--from', 'primary', '--confirm', 'drill', '--no-backup', ...WORKLOADS];
      await drEnds(0, anew.envFile, to, { timeoutSeconds: 200 });
    } finally {
      for (const region of regions) await region.kill();
    }
  });
}, 600_000);
