/**
 * The newest point or a mark is removed, edited, or the whole catalog put back to an older state: a host that has never seen the
 * repository notices it by what another repository remembers. `latest` takes neither the rest nor the compromised point.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Site } from '../../recovery/config/site.ts';
import { openCatalog, rememberCatalogs } from '../../recovery/points/catalog/catalog.ts';
import { liftFence, raiseFence, refuseFenced } from '../../recovery/points/fence.ts';
import { resolveTarget } from '../../recovery/points/resolve/resolve.ts';
import { makeSite } from '../recovery/config/site-fixture.ts';
import { idAt, pointBody, resticCapture } from '../recovery/points/point-fixture.ts';
import { scratch } from '../scratch.ts';

const TIMES = ['2026-11-23T00:00:00Z', '2026-11-23T01:00:00Z', '2026-11-23T02:00:00Z'] as const;
const [FIRST, SECOND, THIRD] = TIMES.map((time) => idAt(time)) as [string, string, string];
const NOW = new Date('2026-11-23T03:00:00Z');
const REPOSITORIES = ['local', 'secondary'];

let folder: string;
/** Of the host that made the backups. */
let site: Site;

const remember = (): Promise<void> =>
  rememberCatalogs(site, [...site.repositories.values()], { role: 'writer', now: NOW });

async function backUp(time: string): Promise<void> {
  for (const repository of site.repositories.values()) {
    const catalog = await openCatalog(site, repository, 'writer');
    await catalog.write(pointBody(time, [resticCapture('uploads', time)], { repository: repository.id }));
  }
  await remember();
}

async function mark(id: string, what: 'compromised' | 'clean' | 'verified' | 'hold'): Promise<void> {
  for (const repository of site.repositories.values())
    await (await openCatalog(site, repository, 'restorer')).mark(id, what, 'somebody');
  await remember();
}

beforeEach(async () => {
  folder = await scratch();
  site = await makeSite(folder, { repositories: REPOSITORIES });
  for (const time of TIMES) await backUp(time);
});

const local = (...path: readonly string[]): string => join(folder, 'local/production', ...path);
const pointFile = (id: string): string => local('catalog/v1/points', `${id}.json`);

async function markFile(id: string, what: string): Promise<string> {
  const names = await readdir(local('marks', id));
  return local('marks', id, names.find((name) => name.endsWith(`-${what}.json`)) ?? '');
}

/** A new host: no cache, no memory of its own. */
async function seenAnew(repositories: readonly string[] = REPOSITORIES) {
  await rm(join(folder, 'state'), { recursive: true, force: true });
  const elsewhere = await makeSite(folder, { repositories });
  const { points, problems } = await (await openCatalog(elsewhere, elsewhere.repository('local'), 'restorer')).review();
  const removed = problems.flatMap(({ newest, point }) => (newest && point ? [point] : []));
  const latest = (): string | undefined =>
    resolveTarget({
      repository: 'local',
      entries: points,
      target: { kind: 'latest' },
      workloads: ['uploads'],
      now: NOW,
      removed,
    }).items[0]?.point;
  return { problems, latest };
}

test('an intact catalog raises nothing', async () => {
  await mark(FIRST, 'verified');
  await mark(SECOND, 'hold');
  const { problems, latest } = await seenAnew();
  expect(problems).toEqual([]);
  expect(latest()).toBe(THIRD);
});

test('the newest point removed', async () => {
  await rm(pointFile(THIRD));
  const { problems, latest } = await seenAnew();
  expect(problems).toMatchObject([{ kind: 'removed', point: THIRD, newest: true }]);
  expect(problems[0]?.fact).toContain('secondary remembers it');
  expect(latest).toThrow(expect.objectContaining({ code: 'POINT-REMOVED', exit: 5 }));
  // The next backup does not make it forgotten.
  site = await makeSite(folder, { repositories: REPOSITORIES });
  await backUp('2026-11-23T02:30:00Z');
  expect((await seenAnew()).problems).toMatchObject([{ kind: 'removed', point: THIRD }]);
});

test('the catalog put back to an older state', async () => {
  const kept = join(folder, 'kept');
  await mkdir(kept);
  await cp(local('catalog'), kept, { recursive: true });
  await backUp('2026-11-23T02:30:00Z');
  await rm(local('catalog'), { recursive: true });
  await cp(kept, local('catalog'), { recursive: true });
  const { problems, latest } = await seenAnew();
  expect(problems).toMatchObject([{ kind: 'removed', point: idAt('2026-11-23T02:30:00Z'), newest: true }]);
  expect(latest).toThrow(expect.objectContaining({ code: 'POINT-REMOVED' }));
});

test('the whole catalog removed', async () => {
  await rm(local('catalog'), { recursive: true });
  const { problems, latest } = await seenAnew();
  expect(problems).toMatchObject([{ kind: 'removed', point: THIRD }]);
  expect(latest).toThrow(expect.objectContaining({ code: 'POINT-REMOVED' }));
});

test.each(['removed', 'edited', 'emptied'])('the newest mark %s still counts, and it is reported', async (how) => {
  await mark(THIRD, 'compromised');
  expect((await seenAnew()).latest()).toBe(SECOND);
  const file = await markFile(THIRD, 'compromised');
  if (how === 'removed') await rm(file);
  else await writeFile(file, how === 'emptied' ? '' : (await readFile(file, 'utf8')).replace('somebody', 'nobody'));
  const { problems, latest } = await seenAnew();
  expect(problems).toMatchObject([{ kind: how === 'removed' ? 'removed' : 'tampered', point: THIRD }]);
  expect(latest()).toBe(SECOND);
});

test('an older mark removed is named by a later one, without any other repository', async () => {
  await mark(THIRD, 'compromised');
  await mark(FIRST, 'verified');
  await rm(await markFile(THIRD, 'compromised'));
  const { problems, latest } = await seenAnew(['local']);
  expect(problems).toMatchObject([{ kind: 'removed', point: THIRD }]);
  expect(problems[0]?.fact).toContain('the mark "compromised"');
  expect(latest()).toBe(SECOND);
});

test('the mark "clean" removed: the point stays clean', async () => {
  await mark(THIRD, 'compromised');
  await mark(THIRD, 'clean');
  await rm(await markFile(THIRD, 'clean'));
  const { problems, latest } = await seenAnew();
  expect(problems).toMatchObject([{ kind: 'removed', point: THIRD }]);
  expect(latest()).toBe(THIRD);
});

test.each(['compromised', 'clean', 'hold', 'verified'])(
  'an unsigned mark "%s" changes nothing but a finding',
  async (what) => {
    if (what === 'clean') await mark(THIRD, 'compromised');
    const before = (await seenAnew()).latest();
    await mkdir(local('marks', THIRD), { recursive: true });
    await writeFile(local('marks', THIRD, `20261123T023000000Z-ffff-${what}.json`), '{"mark":"x"}');
    const { problems, latest } = await seenAnew();
    expect(problems).toMatchObject([{ kind: 'tampered', point: THIRD }]);
    expect(latest()).toBe(before);
  },
);

const KEY = { name: 'k1', secret: 'secret of k1' };

/** The site that is fenced, on a new host. */
async function fencedSite(): Promise<Site> {
  await rm(join(folder, 'state'), { recursive: true, force: true });
  const anew = await makeSite(folder, { repositories: REPOSITORIES });
  const postgres = { dataDir: '/var/lib/postgresql', socketDir: '/run', port: 5432, user: 'postgres', database: 'x' };
  return { ...anew, environment: { ...anew.environment, generation: 1, postgres } };
}

async function raise(): Promise<void> {
  const { store, layout } = site.repository('local');
  const request = { lineage: 'main-1', successor: 'other-1', what: 'dr failover --stack dr', now: NOW, key: KEY };
  await raiseFence(await store('writer'), layout, request);
  await remember();
}

test.each(['removed', 'edited', 'said to be lifted, unsigned', 'replaced with an older lifted one'])(
  'a fence %s still counts, and it is reported',
  async (how) => {
    await raise();
    const file = local('locks/fence-main-1.json');
    const text = await readFile(file, 'utf8');
    if (how === 'removed') await rm(file);
    if (how === 'edited') await writeFile(file, text.replace('other-1', 'other-2'));
    if (how.startsWith('said')) await writeFile(file, JSON.stringify({ kind: 'Lock', releasedAt: NOW.toISOString() }));
    if (how.startsWith('replaced')) {
      const { store, layout } = site.repository('local');
      await liftFence(await store('writer'), layout, { lineage: 'main-1', key: KEY, now: new Date(NOW.getTime() - 1) });
    }
    const fenced = await fencedSite();
    await expect(refuseFenced(fenced, [fenced.repository('local')])).rejects.toMatchObject({ code: 'FENCED' });
    const { problems, latest } = await seenAnew();
    expect(problems).toMatchObject([{ kind: 'removed', fact: expect.stringContaining('the fence of main-1') }]);
    expect(latest()).toBe(THIRD);
  },
);

test('a fence that stands, that was lifted, or whose removal was accepted raises nothing', async () => {
  await raise();
  expect((await seenAnew()).problems).toEqual([]);
  const { store, layout } = site.repository('local');
  await rm(local('locks/fence-main-1.json'));
  site = await makeSite(folder, { repositories: REPOSITORIES });
  await (await openCatalog(site, site.repository('local'), 'writer')).acceptGone('somebody');
  await remember();
  expect((await seenAnew()).problems).toEqual([]);
  await refuseFenced(await fencedSite(), [...site.repositories.values()]);
  await raise();
  await liftFence(await store('writer'), layout, { lineage: 'main-1', key: KEY, now: new Date() });
  expect((await seenAnew()).problems).toEqual([]);
  await refuseFenced(await fencedSite(), [...site.repositories.values()]);
});

test('a forged or foreign head says nothing', async () => {
  const head = join(folder, 'secondary/production/locks/head-local.json');
  const text = await readFile(head, 'utf8');
  const newer = idAt('2026-11-23T09:00:00Z');
  for (const forged of [text.replace(THIRD, newer), text.replace('"of":"local"', '"of":"other"'), '{', '']) {
    await writeFile(head, forged);
    expect((await seenAnew()).problems).toEqual([]);
  }
});

test('pruned points and their marks are not missed, and an accepted removal is not either', async () => {
  await mark(FIRST, 'verified');
  const catalog = await openCatalog(site, site.repository('local'), 'writer');
  await catalog.removePoints([FIRST], 'dr prune');
  expect((await seenAnew()).problems).toEqual([]);
  await rm(pointFile(THIRD));
  site = await makeSite(folder, { repositories: REPOSITORIES });
  const again = await openCatalog(site, site.repository('local'), 'writer');
  expect((await again.acceptGone('somebody')).map(({ key }) => key)).toEqual([expect.stringContaining(THIRD)]);
  const { problems, latest } = await seenAnew();
  expect(problems).toEqual([]);
  expect(latest()).toBe(SECOND);
});
