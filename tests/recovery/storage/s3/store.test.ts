import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetBucketVersioningCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { S3Region } from '../../../../drill/s3/region.ts';
import { copyAsOf } from '../../../../recovery/storage/as-of.ts';
import { acquireLock } from '../../../../recovery/storage/lock.ts';
import { ConditionFailed } from '../../../../recovery/storage/object-store.ts';
import type { S3Retry } from '../../../../recovery/storage/s3/client.ts';
import type { S3Keys } from '../../../../recovery/storage/s3/keys.ts';
import type { S3RepositorySettings } from '../../../../recovery/storage/s3/settings.ts';
import { openS3Store } from '../../../../recovery/storage/s3/store.ts';
import type { VersionedStore } from '../../../../recovery/storage/versioned-store.ts';
import { scratch } from '../../../scratch.ts';
import { startBucket, type TestBucket } from './bucket-fixture.ts';
import { type S3Proxy, startS3Proxy } from './proxy.ts';

let bucket: TestBucket;
let region: S3Region;
let proxy: S3Proxy;
let settings: S3RepositorySettings;
let writer: S3Keys;
let store: VersionedStore;

beforeAll(async () => {
  bucket = await startBucket();
  ({ region, settings } = bucket);
  store = bucket.stores.writer;
  proxy = await startS3Proxy(region);
  writer = await region.keys('writer');
});

afterAll(async () => {
  await proxy?.close();
  await bucket?.[Symbol.asyncDispose]();
});

const throughProxy = ({
  retries,
  ...limits
}: {
  retries?: S3Retry[];
  deadlineSeconds?: number;
  attempts?: number;
} = {}): VersionedStore =>
  openS3Store({
    settings: { ...settings, endpoint: proxy.endpoint },
    credentials: writer,
    onRetry: (retry) => retries?.push(retry),
    ...limits,
  });

/** S3 tells times to the second: two writes that a moment must tell apart need a second between them. */
async function nextSecond(): Promise<Date> {
  const started = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) < started + 1) await new Promise((resolve) => setTimeout(resolve, 20));
  return new Date((started + 1) * 1000 - 1);
}

describe('objects', () => {
  test('are read back, listed across pages and deleted', async () => {
    const { etag } = await store.put('o/one', 'hello');
    expect(await store.get('o/one')).toMatchObject({ key: 'o/one', size: 5, etag, body: Buffer.from('hello') });
    expect(await store.list('o/')).toMatchObject([{ key: 'o/one', size: 5, etag }]);
    await store.delete('o/one');
    await store.delete('o/one');
    expect(await store.get('o/one')).toBeUndefined();
    expect(await store.list('o/')).toEqual([]);
  });

  test('a list of more than one page is complete and sorted', async () => {
    const keys = Array.from({ length: 1001 }, (_, n) => `many/${String(n).padStart(5, '0')}`);
    for (let n = 0; n < keys.length; n += 50)
      await Promise.all(keys.slice(n, n + 50).map((key) => store.put(key, key)));
    expect((await store.list('many/')).map((o) => o.key)).toEqual(keys);
    expect(await store.versionsAsOf('many/', new Date())).toHaveLength(1001);
  });

  test('absent: one of many writers wins', async () => {
    const writers = Array.from({ length: 8 }, (_, n) => store.put('c/point', `writer ${n}`, { kind: 'absent' }));
    const results = await Promise.allSettled(writers);
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    for (const r of results) if (r.status === 'rejected') expect(r.reason).toBeInstanceOf(ConditionFailed);
  });

  test('etag: only the version that was seen is replaced', async () => {
    const first = await store.put('c/lock', 'one');
    const second = await store.put('c/lock', 'two', { kind: 'etag', etag: first.etag });
    const late = store.put('c/lock', 'three', { kind: 'etag', etag: first.etag });
    await expect(late).rejects.toBeInstanceOf(ConditionFailed);
    const absent = store.put('c/none', 'x', { kind: 'etag', etag: second.etag });
    await expect(absent).rejects.toBeInstanceOf(ConditionFailed);
    expect((await store.get('c/lock'))?.body.toString()).toBe('two');
  });
});

describe('as of a moment', () => {
  let before: Date;
  let between: Date;
  beforeAll(async () => {
    before = new Date(Date.now() - 1000);
    await store.put('t/kept', 'kept');
    await store.put('t/changed', 'old');
    await store.put('t/deleted', 'there');
    between = await nextSecond();
    await store.put('t/changed', 'new!');
    await store.delete('t/deleted');
    await store.put('t/later', 'later');
  });

  test('the versions of then are listed and read', async () => {
    expect((await store.list('t/', before)).map((o) => o.key)).toEqual([]);
    const then = await store.list('t/', between);
    expect(then.map((o) => [o.key, o.size])).toEqual([
      ['t/changed', 3],
      ['t/deleted', 5],
      ['t/kept', 4],
    ]);
    expect((await store.list('t/', new Date())).map((o) => o.key)).toEqual(['t/changed', 't/kept', 't/later']);
    expect((await store.get('t/changed', between))?.body.toString()).toBe('old');
    expect((await store.get('t/deleted', between))?.body.toString()).toBe('there');
    expect(await store.get('t/later', between)).toBeUndefined();
    expect(await store.get('t/deleted', new Date())).toBeUndefined();
  });

  test('are copied aside, and a second run copies only what is missing or torn', async () => {
    const folder = await scratch();
    const request = { prefix: 't/', asOf: between, folder };
    const steps: number[] = [];
    const first = await copyAsOf(store, { ...request, onProgress: (p) => steps.push(p.objects) });
    expect(first).toEqual({ objects: 3, bytes: 12, reused: 0 });
    expect(steps).toEqual([1, 2, 3]);
    expect(await readFile(join(folder, 't/changed'), 'utf8')).toBe('old');
    expect(await readFile(join(folder, 't/deleted'), 'utf8')).toBe('there');
    await writeFile(join(folder, 't/deleted'), 'th');
    expect(await copyAsOf(store, request)).toEqual({ objects: 3, bytes: 12, reused: 2 });
    expect(await readFile(join(folder, 't/deleted'), 'utf8')).toBe('there');
  });

  test('never mixes two moments, nor copies from the future or from a store without versions', async () => {
    const folder = await scratch();
    const request = { prefix: 't/', asOf: between, folder };
    await copyAsOf(store, request);
    const mixed = copyAsOf(store, { ...request, asOf: new Date() });
    await expect(mixed).rejects.toMatchObject({ code: 'AS-OF-FOLDER-TAKEN', exit: 6 });
    const future = copyAsOf(store, { ...request, asOf: new Date(Date.now() + 60_000) });
    await expect(future).rejects.toMatchObject({ code: 'AS-OF-IN-FUTURE', exit: 2 });
    const { openPosixStore } = await import('../../../../recovery/storage/posix/store.ts');
    const posix = copyAsOf(openPosixStore(folder), request);
    await expect(posix).rejects.toMatchObject({ code: 'REPOSITORY-NO-VERSIONS', exit: 2 });
  });
});

describe('failures', () => {
  test('F06: three times 503, then success; each retry is told', async () => {
    const retries: S3Retry[] = [];
    let left = 3;
    proxy.decide = () => (left-- > 0 ? 'unavailable' : 'pass');
    await throughProxy({ retries }).put('f/six', 'x');
    expect(retries.map((r) => [r.call, r.attempt])).toEqual([
      ['PutObject', 2],
      ['PutObject', 3],
      ['PutObject', 4],
    ]);
    expect(retries[0]?.reason).toContain('ServiceUnavailable');
    expect((await store.get('f/six'))?.body.toString()).toBe('x');
  });

  test('a store that wants fewer requests is asked again; one that always wants fewer is named', async () => {
    let left = 3;
    proxy.decide = () => (left-- > 0 ? 'slow-down' : 'pass');
    const retries: S3Retry[] = [];
    await throughProxy({ retries }).put('f/slow', 'x');
    expect(retries.map(({ reason }) => reason)).toEqual(Array(3).fill('SlowDown: Please reduce your request rate.'));
    proxy.decide = () => 'slow-down';
    await expect(throughProxy({ attempts: 2 }).put('f/slow', 'x')).rejects.toMatchObject({
      code: 'REPOSITORY-UNREACHABLE',
      fact: expect.stringContaining('after 2 attempts: Please reduce your request rate.'),
      hint: expect.stringContaining('limits the rate'),
    });
  });

  test('a conditional write beside another one is made again, and a lock is not lost by it', async () => {
    let left = 0;
    proxy.decide = (method) => (method === 'PUT' && left-- > 0 ? 'conflict' : 'pass');
    const retries: S3Retry[] = [];
    const busy = throughProxy({ retries });
    const lock = await acquireLock(busy, 'production/locks/busy.json', { what: 'a test' });
    left = 3;
    await lock.renew();
    expect(retries.map(({ call, attempt }) => [call, attempt])).toEqual([2, 3, 4].map((n) => ['PutObject', n]));
    await lock.release();
    left = 100;
    await expect(busy.put('f/busy', 'x', { kind: 'absent' })).rejects.toThrow(/HTTP 409/);
    expect(await store.get('f/busy')).toBeUndefined();
  });

  test('F07: gone for good fails by the deadline, naming endpoint and bucket', async () => {
    proxy.decide = () => 'hang';
    const started = Date.now();
    const failure = throughProxy({ deadlineSeconds: 1 }).list('x/');
    await expect(failure).rejects.toMatchObject({ code: 'REPOSITORY-UNREACHABLE', exit: 1 });
    await expect(failure).rejects.toThrow(`bucket go-coffee-backups at ${proxy.endpoint}`);
    expect(Date.now() - started).toBeLessThan(20_000);
  });

  test('F07: nobody listens at the endpoint', async () => {
    const gone = openS3Store({
      settings: { ...settings, endpoint: 'https://localhost:1' },
      credentials: writer,
      attempts: 2,
    });
    await expect(gone.get('x')).rejects.toMatchObject({
      code: 'REPOSITORY-UNREACHABLE',
      fact: expect.stringContaining('ECONNREFUSED'),
      hint: expect.stringContaining('another repository'),
    });
  });

  test('an answer that breaks off is asked for again', async () => {
    await store.put('f/big', Buffer.alloc(200_000, 7));
    const [version] = await store.versionsAsOf('f/big', new Date());
    if (!version) throw new Error('no version');
    const retries: S3Retry[] = [];
    const folder = await scratch();
    let left = 2;
    proxy.decide = () => (left-- > 0 ? 'cut' : 'pass');
    const flaky = throughProxy({ retries });
    expect((await flaky.get('f/big'))?.size).toBe(200_000);
    left = 1;
    await flaky.download(version, join(folder, 'big'));
    expect((await readFile(join(folder, 'big'))).equals(Buffer.alloc(200_000, 7))).toBe(true);
    expect(retries.map((r) => r.attempt)).toEqual([2, 3, 2]);
  });

  test('a conditional write whose answer got lost is known as its own', async () => {
    const retries: S3Retry[] = [];
    let lost = 1;
    proxy.decide = (method) => (method === 'PUT' && lost-- > 0 ? 'lost' : 'pass');
    await throughProxy({ retries }).put('f/lost', 'mine', { kind: 'absent' });
    expect(retries).toHaveLength(1);
    const other = throughProxy().put('f/lost', 'mine', { kind: 'absent' });
    await expect(other).rejects.toBeInstanceOf(ConditionFailed);
  });

  test.each([
    ['an unknown key', { accessKeyId: 'nobody' }],
    ['a wrong secret', { secretAccessKey: 'wrong' }],
  ])('%s is denied access, and the secret is not shown', async (_, wrong) => {
    const stranger = openS3Store({ settings, credentials: { ...writer, ...wrong } });
    const failure = await stranger.list('x/').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'REPOSITORY-DENIED', exit: 1 });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(writer.secretAccessKey);
  });

  test('the restorer may not write points, but locks', async () => {
    const restorer = openS3Store({ settings, credentials: await region.keys('restorer') });
    await expect(restorer.put('production/catalog/v1/points/x.json', '{}')).rejects.toMatchObject({
      code: 'REPOSITORY-DENIED',
    });
    await restorer.put('production/locks/x.json', '{}', { kind: 'absent' });
  });

  test('a bucket that is not there, a CA that is not there, a certificate that is not trusted', async () => {
    const missing = openS3Store({
      settings: { ...settings, bucket: 'no-such' },
      credentials: await region.keys('root'),
    });
    await expect(missing.list('')).rejects.toMatchObject({ code: 'REPOSITORY-MISSING' });
    const noFile = { settings: { ...settings, ca: '/nowhere/ca.pem' }, credentials: writer };
    expect(() => openS3Store(noFile)).toThrow('/nowhere/ca.pem');
    const { ca: _, ...systemAuthorities } = settings;
    const untrusted = openS3Store({ settings: systemAuthorities, credentials: writer, attempts: 1 }).list('');
    await expect(untrusted).rejects.toMatchObject({
      code: 'REPOSITORY-UNREACHABLE',
      fact: expect.stringContaining('certificate'),
    });
  });

  test('a bucket of another region, and a signature for another one', async () => {
    const known = { settings: { ...settings, bucket: 'go-coffee-backups-eu-west-1' }, credentials: writer };
    await expect(openS3Store(known).put('x', 'x')).rejects.toMatchObject({
      code: 'REPOSITORY-FAILED',
      fact: 'the bucket is in region eu-west-1 (PermanentRedirect)',
      hint: expect.stringContaining('`region`'),
    });
    const signed = openS3Store({ settings: { ...settings, region: 'eu-west-1' }, credentials: writer });
    await expect(signed.list('')).rejects.toMatchObject({
      fact: 'the bucket is in region us-east-1 (AuthorizationHeaderMalformed)',
    });
  });

  test('the region is versioned, as reading the past needs it', async () => {
    const client = region.client(await region.keys('root'));
    const versioning = await client.send(new GetBucketVersioningCommand({ Bucket: region.bucket }));
    client.destroy();
    expect(versioning.Status).toBe('Enabled');
  });
});
