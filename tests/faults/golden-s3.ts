/** The golden repository `secondary` in a real S3 gateway, behind a proxy that fails on command. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import type { Platform } from '../../drill/platform/platform.ts';
import { type S3Region, startS3Region } from '../../drill/s3/region.ts';
import { type S3Proxy, startS3Proxy } from '../recovery/storage/s3/proxy.ts';
import { type Golden, withGolden } from './golden.ts';

export interface GoldenS3 extends Golden {
  readonly region: S3Region;
  /** Between every site and the gateway. Closed at the end. */
  readonly proxy: S3Proxy;
  /** A new site whose only repository is `secondary`, in S3. */
  s3Site(name: string, workloads: readonly string[]): Promise<Platform>;
}

async function upload(region: S3Region, folder: string): Promise<void> {
  const client = region.client(await region.keys('writer'));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const put = async (file: string): Promise<void> => {
    const Body = await readFile(file);
    await client.send(new PutObjectCommand({ Bucket: region.bucket, Key: relative(folder, file), Body }));
  };
  await pMap(files, put, { concurrency: 8 });
  client.destroy();
}

export async function withGoldenS3<T>(use: (golden: GoldenS3) => Promise<T>): Promise<T> {
  return withGolden(async (golden) => {
    const region = await startS3Region({
      folder: join(golden.folder, 'region'),
      name: 'secondary',
      region: 'eu-west-1',
      bucket: 'go-coffee-backups-eu-west-1',
      environment: 'drill',
      lockDays: 1,
      runAs: process.getuid?.() === 0 ? 'postgres' : undefined,
    });
    await upload(region, join(golden.repositories, 'secondary'));
    const proxy = await startS3Proxy(region);
    const s3Site = (name: string, workloads: readonly string[]): Promise<Platform> =>
      golden.emptySite(name, {
        workloads,
        edit: ({ repositories, ...environment }) => ({
          ...environment,
          repositories: {
            secondary: {
              ...region.settings(repositories.secondary?.passphrases ?? []),
              endpoint: proxy.endpoint,
            },
          },
        }),
      });
    try {
      return await use({ ...golden, region, proxy, s3Site });
    } finally {
      await proxy.close();
      await region.kill();
    }
  });
}
