/** A fence in a real bucket with versions and Object Lock, raised with no more rights than the restorer has. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import type { Repository, Site } from '../../../recovery/config/site.ts';
import { type FenceRequest, liftFence, raiseFence, readFence, refuseFenced } from '../../../recovery/points/fence.ts';
import { readFences } from '../../../recovery/points/fence-document.ts';
import { makeSite } from '../config/site-fixture.ts';
import { startBucket, type TestBucket } from '../storage/s3/bucket-fixture.ts';

const keys = layout('production');
const key = { name: 'k1', secret: 'secret of k1' };
const NOW = new Date('2026-11-23T02:00:00Z');

let bucket: TestBucket;
let stores: TestBucket['stores'];
let site: Site;
let repository: Repository;

beforeAll(async () => {
  bucket = await startBucket('secondary');
  ({ stores } = bucket);
  const { settings, folder } = bucket;
  const bare = await makeSite(folder);
  const postgres = { dataDir: '/var/lib/postgresql', socketDir: '/run', port: 5432, user: 'postgres', database: 'x' };
  site = { ...bare, environment: { ...bare.environment, site: 'us-east-1', generation: 1, postgres } };
  repository = { id: 'secondary', settings, layout: keys, store: async (role) => stores[role] };
});

afterAll(() => bucket?.[Symbol.asyncDispose]());

const request = (lineage: string, more: Partial<FenceRequest> = {}): FenceRequest => ({
  lineage,
  successor: 'eu-west-1-1',
  what: 'dr failover --stack dr',
  now: NOW,
  key,
  ...more,
});

test('the restorer raises it; a second run finds the same one', async () => {
  expect(await readFence(stores.restorer, keys, { lineage: 'us-east-1-7', keys: [key] })).toBeUndefined();
  const raised = await raiseFence(stores.restorer, keys, request('us-east-1-7'));
  expect(raised).toMatchObject({ lineage: 'us-east-1-7', successor: 'eu-west-1-1', since: NOW.toISOString() });
  const later = new Date(NOW.getTime() + 60_000);
  expect(await raiseFence(stores.restorer, keys, request('us-east-1-7', { now: later }))).toEqual(raised);
  expect(await readFence(stores.writer, keys, { lineage: 'us-east-1-7', keys: [key] })).toEqual(raised);
});

test('two that raise it at once get the same one', async () => {
  const both = await Promise.all([1, 2].map(() => raiseFence(stores.restorer, keys, request('us-east-1-8'))));
  expect(both[0]).toEqual(both[1]);
});

test('it does not stand for two successors', async () => {
  await raiseFence(stores.restorer, keys, request('us-east-1-9'));
  await expect(
    raiseFence(stores.restorer, keys, request('us-east-1-9', { successor: 'ap-south-1-1' })),
  ).rejects.toMatchObject({ code: 'FENCE-TAKEN', exit: 6, fact: expect.stringContaining('eu-west-1-1 leads') });
});

test('a fenced site is refused, in words; another life of it is not', async () => {
  await refuseFenced(site, [repository]);
  await raiseFence(stores.restorer, keys, request('us-east-1-1'));
  await expect(refuseFenced(site, [repository])).rejects.toMatchObject({
    code: 'FENCED',
    exit: 6,
    fact: expect.stringContaining('eu-west-1-1 leads'),
    hint: expect.stringContaining('dr failback'),
  });
  const next = { ...site, environment: { ...site.environment, generation: 2 } };
  await refuseFenced(next, [repository]);
});

test.each<[string, (stands: string) => string, string]>([
  ['without a signature', (stands) => JSON.stringify({ ...JSON.parse(stands), signature: undefined }), 'no signature'],
  ['edited', (stands) => stands.replace('eu-west-1-1', 'eu-west-1-2'), 'does not fit'],
  ['by another key', (stands) => stands.replace('"k1"', '"k9"'), 'missing in signingKeys'],
  ['that is noise', () => 'torn {', 'not a fence'],
])('one %s stops nobody, and it is reported', async (_, edit, fault) => {
  const lineage = 'us-east-1-5';
  const other = { ...site, environment: { ...site.environment, generation: 5 } };
  const signed = await raiseFence(stores.restorer, keys, request(lineage));
  await stores.restorer.put(keys.fence(lineage), edit(JSON.stringify(signed)));
  await refuseFenced(other, [repository]);
  const found = (await readFences(stores.restorer, keys, [key])).find((each) => each.lineage === lineage);
  expect(found).toMatchObject({ fault: expect.stringContaining(fault) });
  // A real one takes its place.
  expect(await raiseFence(stores.restorer, keys, request(lineage))).toEqual(signed);
  await expect(refuseFenced(other, [repository])).rejects.toMatchObject({ code: 'FENCED' });
});

test('the fence of another lineage under this one’s name stops nobody', async () => {
  const of6 = await raiseFence(stores.restorer, keys, request('us-east-1-6'));
  await stores.restorer.put(keys.fence('us-east-1-4'), JSON.stringify(of6));
  expect(await readFence(stores.restorer, keys, { lineage: 'us-east-1-4', keys: [key] })).toBeUndefined();
});

test('dr unlock lifts one that was a mistake, and it can be raised again', async () => {
  await raiseFence(stores.restorer, keys, request('us-east-1-3'));
  await liftFence(stores.restorer, keys, { lineage: 'us-east-1-3', key, now: NOW });
  expect(await readFence(stores.restorer, keys, { lineage: 'us-east-1-3', keys: [key] })).toBeUndefined();
  const again = await raiseFence(stores.restorer, keys, request('us-east-1-3', { successor: 'ap-south-1-1' }));
  expect(again.successor).toBe('ap-south-1-1');
});
