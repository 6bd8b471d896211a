import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layout } from '../../../../plan/layout.ts';
import type { Repository, Site } from '../../../../recovery/config/site.ts';
import { openCatalog } from '../../../../recovery/points/catalog/catalog.ts';
import { inspectRepository, newestCaptures } from '../../../../recovery/status/probes/repositories.ts';
import { openS3Store } from '../../../../recovery/storage/s3/store.ts';
import { withRegion } from '../../../platform.ts';
import { scratch } from '../../../scratch.ts';
import { makeSite, repositoryOf } from '../../config/site-fixture.ts';
import { idAt, pointBody, resticCapture } from '../../points/point-fixture.ts';

const TIMES = ['2026-11-20T02:00:00Z', '2026-11-21T02:00:00Z', '2026-11-22T02:00:00Z'];
const [OLDEST = '', MIDDLE = '', NEWEST = ''] = TIMES.map((time) => idAt(time));

async function writePoints(site: Site, repository: Repository): Promise<void> {
  const catalog = await openCatalog(site, repository, 'writer');
  const environment = site.environment.name;
  for (const time of TIMES) {
    await catalog.write(pointBody(time, [resticCapture('redis', time)], { environment, repository: repository.id }));
  }
}

test('the newest good point is neither compromised nor tampered with', async () => {
  const site = await makeSite(await scratch());
  const repository = repositoryOf(site);
  await writePoints(site, repository);
  const look = async () => (await inspectRepository(site, repository)).finding;
  expect(await look()).toMatchObject({
    reachable: true,
    points: 3,
    newest: { id: NEWEST },
    compromised: [],
    tampered: [],
  });

  await (await openCatalog(site, repository, 'writer')).mark(NEWEST, 'compromised', 'test');
  const marked = await look();
  expect(marked).toMatchObject({ newest: { id: MIDDLE }, compromised: [NEWEST] });
  await (await openCatalog(site, repository, 'writer')).mark(NEWEST, 'clean', 'test');
  expect(await look()).toMatchObject({ newest: { id: NEWEST }, compromised: [] });

  const store = await repository.store('writer');
  await store.put(repository.layout.point(MIDDLE), '{"id":"forged"}');
  expect((await look()).tampered.join()).toContain('tampered');
});

test('a compromised point that a good one follows is history', async () => {
  const site = await makeSite(await scratch());
  const repository = repositoryOf(site);
  await writePoints(site, repository);
  await (await openCatalog(site, repository, 'writer')).mark(OLDEST, 'compromised', 'test');
  const { finding, entries } = await inspectRepository(site, repository);
  expect(finding).toMatchObject({ newest: { id: NEWEST }, compromised: [] });
  const newest = newestCaptures([{ finding, entries }]);
  expect(newest.get('redis')?.capturedAt).toBe(new Date(TIMES[2] ?? '').toISOString());
});

test('a repository whose folder is gone is unreachable, not empty', async () => {
  const folder = await scratch();
  const site = await makeSite(folder);
  await mkdir(join(folder, 'local'), { recursive: true });
  expect((await inspectRepository(site, repositoryOf(site))).finding).toMatchObject({ reachable: true, points: 0 });
  await rm(join(folder, 'local'), { recursive: true, force: true });
  expect((await inspectRepository(site, repositoryOf(site))).finding).toMatchObject({ reachable: false });
});

test('points under delete markers are found, with the last moment at which they can be read', async () => {
  await withRegion('primary', async (region) => {
    const base = await makeSite(await scratch());
    const settings = region.settings([{ name: 'p1', from: { env: 'PASSPHRASE' } }]);
    const repository: Repository = {
      id: 'primary',
      settings,
      layout: layout('drill'),
      store: async (role) => openS3Store({ settings, credentials: await region.keys(role) }),
    };
    const site = { ...base, environment: { ...base.environment, name: 'drill' } };
    await writePoints(site, repository);
    const store = await repository.store('writer');
    // What pruning does: the oldest goes, the newest stays.
    await store.delete(repository.layout.point(OLDEST));
    expect((await inspectRepository(site, repository)).finding.hidden).toBeUndefined();

    // What restic does at the end of each backup is not the intruder's.
    const lock = `${repository.layout.restic}/locks/abc`;
    await store.put(lock, 'x');
    await store.delete(lock);
    await store.delete(repository.layout.point(MIDDLE));
    await store.delete(repository.layout.point(NEWEST));
    const { finding } = await inspectRepository(site, repository);
    expect(finding.hidden).toMatchObject({ points: [OLDEST, MIDDLE, NEWEST], newest: NEWEST });
    expect(finding.newest).toBeUndefined();
    const until = new Date(finding.hidden?.readableUntil ?? '');
    expect(until.getTime()).toBeLessThan(Date.now());
  });
});

test('the engines’ own deletions make the last readable moment no earlier', async () => {
  await withRegion('primary', async (region) => {
    const base = await makeSite(await scratch());
    const settings = region.settings([{ name: 'p1', from: { env: 'PASSPHRASE' } }]);
    const repository: Repository = {
      id: 'primary',
      settings,
      layout: layout('drill'),
      store: async (role) => openS3Store({ settings, credentials: await region.keys(role) }),
    };
    const site = { ...base, environment: { ...base.environment, name: 'drill' } };
    await writePoints(site, repository);
    const store = await repository.store('writer');
    const remove = async (key: string): Promise<void> => {
      await store.put(key, 'x');
      await store.delete(key);
    };
    for (const key of [`${repository.layout.restic}/locks/abc`, repository.layout.lock('writer-x')]) await remove(key);
    // A prune: the old point and its marks, a pack, a set and its WAL.
    const catalog = await openCatalog(site, repository, 'writer');
    await catalog.mark(OLDEST, 'verified', 'somebody');
    await catalog.removePoints([OLDEST], 'dr prune pid 1');
    await remove(`${repository.layout.restic}/data/ab/abcd`);
    await remove(`${repository.layout.pgbackrest('main-1')}/backup/go-coffee/20261123-000000F/backup.manifest`);
    await catalog.signWork('dr prune pid 1');
    const ownWork = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    // The intruder takes WAL first, which nobody has signed.
    const theft = Date.now();
    await remove(`${repository.layout.pgbackrest('main-1')}/archive/go-coffee/15-1/00000001/x`);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await store.delete(repository.layout.point(NEWEST));
    const { finding } = await inspectRepository(site, repository);
    const { points, readableUntil = '' } = finding.hidden ?? {};
    expect(points).toEqual([NEWEST]);
    expect(Date.parse(readableUntil)).toBeGreaterThan(ownWork);
    expect(Date.parse(readableUntil)).toBeLessThan(theft);
  });
});
