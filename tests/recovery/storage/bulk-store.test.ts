/** Large objects by way of files: a folder and a real S3 server behave alike. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Region, startS3Region } from '../../../drill/s3/region.ts';
import type { BulkStore } from '../../../recovery/storage/object-store.ts';
import { openPosixStore } from '../../../recovery/storage/posix/store.ts';
import { openS3Store } from '../../../recovery/storage/s3/store.ts';
import { makeScratch } from '../../scratch.ts';
import { type S3Proxy, startS3Proxy } from './s3/proxy.ts';

let folder: string;
let region: S3Region;
let proxy: S3Proxy;
let remove: () => Promise<void>;
const stores: Record<string, BulkStore> = {};

beforeAll(async () => {
  ({ folder, remove } = await makeScratch());
  const place = { folder: join(folder, 's3'), name: 'primary', region: 'us-east-1', bucket: 'go-coffee-backups' };
  region = await startS3Region({ ...place, lockDays: 1 });
  proxy = await startS3Proxy(region);
  const settings = { ...region.settings([{ name: 'p', from: { env: 'X' } }]), endpoint: proxy.endpoint };
  stores.s3 = openS3Store({ settings, credentials: await region.keys('writer') });
  stores.folder = openPosixStore(join(folder, 'repository'));
});

afterAll(async () => {
  await proxy?.close();
  await region?.destroy();
  await remove?.();
});

async function makeFile(name: string, bytes: number): Promise<{ file: string; body: Buffer }> {
  const [file, body] = [join(folder, name), randomBytes(bytes)];
  await writeFile(file, body);
  return { file, body };
}

describe.each(['s3', 'folder'])('%s', (name) => {
  test.each([0, 1, 3_000_001])('%i bytes come back as they went', async (bytes) => {
    const store = stores[name] as BulkStore;
    const { file, body } = await makeFile('up', bytes);
    const key = `bulk/${bytes}`;
    await store.put(key, 'what was there before');
    await store.upload(key, file);
    const [info] = await store.list(key);
    expect(info).toMatchObject({ key, size: bytes });
    expect((await store.get(key))?.body.equals(body)).toBe(true);
    const down = join(folder, `${name}-${bytes}`);
    if (info) await store.download(info, down);
    expect((await readFile(down)).equals(body)).toBe(true);
  });
});

test('an upload that the server refuses for a while is made again, from its beginning', async () => {
  const { file, body } = await makeFile('again', 2_000_000);
  let refusals = 2;
  proxy.decide = (method) => (method === 'PUT' && refusals-- > 0 ? 'unavailable' : 'pass');
  await stores.s3?.upload('bulk/again', file);
  expect(proxy.seen.filter((line) => line.startsWith('PUT') && line.includes('bulk/again'))).toHaveLength(3);
  expect((await stores.s3?.get('bulk/again'))?.body.equals(body)).toBe(true);
});
