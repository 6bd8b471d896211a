/** The catalog on a real versioned bucket, with the two roles' own credentials. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layout } from '../../../../plan/layout.ts';
import type { Repository, Site } from '../../../../recovery/config/site.ts';
import { openCatalog } from '../../../../recovery/points/catalog/catalog.ts';
import { acquireLock } from '../../../../recovery/storage/lock.ts';
import { makeSite } from '../../config/site-fixture.ts';
import { startBucket, type TestBucket } from '../../storage/s3/bucket-fixture.ts';
import { idAt, pointBody, resticCapture } from '../point-fixture.ts';

const TIMES = ['01', '02', '03'].map((h) => `2026-11-23T${h}:00:00Z`);
const IDS = TIMES.map((time) => idAt(time)) as [string, string, string];
const keys = layout('production');

let bucket: TestBucket;
let site: Site;
let repository: Repository;
let stores: TestBucket['stores'];

beforeAll(async () => {
  bucket = await startBucket();
  ({ stores } = bucket);
  site = await makeSite(bucket.folder);
  const { settings } = bucket;
  repository = { id: 'primary', settings, layout: keys, store: async (role) => stores[role] };
});

afterAll(() => bucket?.[Symbol.asyncDispose]());

const body = (time: string) => pointBody(time, [resticCapture('redis', time)], { repository: 'primary' });

test('an intruder with the writer’s keys hides points; they are missed, and the bucket of before still has them', async () => {
  const writer = await openCatalog(site, repository, 'writer');
  for (const time of TIMES) await writer.write(body(time));
  expect((await writer.points()).map((e) => e.trust)).toEqual(['ok', 'ok', 'ok']);
  await expect(writer.write(body(TIMES[0] as string))).rejects.toMatchObject({ code: 'POINT-EXISTS' });
  const before = new Date();

  await stores.writer.delete(keys.point(IDS[1]));
  const stored = await stores.writer.get(keys.point(IDS[2]));
  await stores.writer.put(keys.point(IDS[2]), String(stored?.body).replace('"complete":true', '"complete":false'));

  const restorer = await openCatalog(site, repository, 'restorer');
  const { points, problems } = await restorer.review();
  expect(points.map((e) => [e.point.id, e.trust])).toEqual([
    [IDS[0], 'ok'],
    [IDS[2], 'tampered'],
  ]);
  expect(problems.map((p) => [p.kind, p.point])).toEqual([
    ['tampered', IDS[2]],
    ['removed', IDS[1]],
  ]);

  const past = await openCatalog(site, repository, 'restorer', before);
  expect((await past.points()).map((e) => [e.point.id, e.trust])).toEqual(IDS.map((id) => [id, 'ok']));
  expect(await past.problems()).toEqual([]);
  expect((await past.get(IDS[1]))?.point.id).toBe(IDS[1]);
  await expect(past.mark(IDS[1], 'hold', 'x')).rejects.toMatchObject({ code: 'CATALOG-READ-ONLY', exit: 2 });
});

test('the restorer marks points and holds locks, and can’t write or remove points', async () => {
  const restorer = await openCatalog(site, repository, 'restorer');
  await restorer.mark(IDS[0], 'verified', 'drill');
  expect((await restorer.get(IDS[0]))?.marks).toMatchObject([{ mark: 'verified', by: 'drill' }]);
  await expect(restorer.write(body('2026-11-23T04:00:00Z'))).rejects.toMatchObject({ code: 'REPOSITORY-DENIED' });
  await expect(restorer.removePoints([IDS[0]], 'x')).rejects.toMatchObject({ code: 'REPOSITORY-DENIED' });
  expect(await restorer.get(IDS[0])).toBeDefined();

  const options = { ttlSeconds: 60, what: 'dr restore' };
  const lock = await acquireLock(stores.restorer, keys.lock('restore'), options);
  await lock.renew();
  await expect(acquireLock(stores.writer, keys.lock('restore'), options)).rejects.toMatchObject({ code: 'LOCKED' });
  await lock.release();
  const next = await acquireLock(stores.writer, keys.lock('restore'), options);
  expect(next.token).toBe(2);
});
