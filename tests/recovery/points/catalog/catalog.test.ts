import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Catalog, openCatalog } from '../../../../recovery/points/catalog/catalog.ts';
import { outlineOf } from '../../../../recovery/points/catalog/outline.ts';
import { documentDigest } from '../../../../recovery/points/signing.ts';
import type { ObjectStore } from '../../../../recovery/storage/object-store.ts';
import { openPosixStore } from '../../../../recovery/storage/posix/store.ts';
import { scratch } from '../../../scratch.ts';
import { makeSite, repositoryOf, type SiteFacts } from '../../config/site-fixture.ts';
import { idAt, pointBody, postgresCapture, resticCapture } from '../point-fixture.ts';

const HOURS = ['00', '01', '02', '03', '04'].map((h) => `2026-11-23T${h}:00:00Z`);

async function open(folder: string, facts: SiteFacts = {}): Promise<Catalog> {
  const site = await makeSite(folder, facts);
  return openCatalog(site, repositoryOf(site), 'writer');
}

async function fill(catalog: Catalog, times = HOURS): Promise<void> {
  for (const time of times) await catalog.write(pointBody(time, [postgresCapture(time), resticCapture('redis', time)]));
}

const ids = async (catalog: Catalog): Promise<string[]> => (await catalog.points()).map((entry) => entry.point.id);
const fileOf = (folder: string, id: string): string => join(folder, 'local/production/catalog/v1/points', `${id}.json`);
const cacheFolder = (folder: string): string => join(folder, 'state/cache/local');

/** A store that counts what is read of it. */
function counting(store: ObjectStore): ObjectStore & { reads: string[] } {
  const reads: string[] = [];
  return {
    describe: store.describe,
    reads,
    get(key, asOf) {
      reads.push(key);
      return store.get(key, asOf);
    },
    list: (prefix, asOf) => store.list(prefix, asOf),
    put: (key, body, condition) => store.put(key, body, condition),
    delete: (key) => store.delete(key),
  };
}

test('points are chained, signed and listed oldest first', async () => {
  const catalog = await open(await scratch());
  await fill(catalog, [...HOURS]);
  const entries = await catalog.points();
  expect(entries.map((e) => e.point.id)).toEqual(HOURS.map((time) => idAt(time)));
  expect(entries.map((e) => e.trust)).toEqual(HOURS.map(() => 'ok'));
  const links = [null, ...entries.slice(0, -1).map((e) => documentDigest(e.point))];
  expect(entries.map((e) => e.point.previous)).toEqual(links);
  expect(await catalog.problems()).toEqual([]);
  expect((await catalog.get(idAt(HOURS[1] as string)))?.point).toEqual(entries[1]?.point);
  expect(await catalog.get('nonsense')).toBeUndefined();
});

test('a point is written once', async () => {
  const catalog = await open(await scratch());
  const body = pointBody(HOURS[0] as string, []);
  await catalog.write(body);
  await expect(catalog.write({ ...body, complete: false })).rejects.toMatchObject({ code: 'POINT-EXISTS', exit: 6 });
  expect((await catalog.points())[0]?.point.complete).toBe(true);
});

test('marks are signed, kept apart from the point, and shown oldest first', async () => {
  const catalog = await open(await scratch());
  await fill(catalog);
  const id = idAt(HOURS[2] as string);
  await catalog.mark(id, 'verified', 'operator');
  await catalog.mark(id, 'compromised', 'operator', 'after the break-in');
  const [, , marked] = await catalog.points();
  expect(marked?.marks.map(({ mark, by, note }) => ({ mark, by, note }))).toEqual([
    { mark: 'verified', by: 'operator', note: undefined },
    { mark: 'compromised', by: 'operator', note: 'after the break-in' },
  ]);
  expect((await catalog.get(id))?.marks).toEqual(marked?.marks);
  expect(await catalog.problems()).toEqual([]);
  const typo = id.replace('full', 'ful');
  await expect(catalog.mark(typo, 'hold', 'x')).rejects.toMatchObject({
    code: 'POINT-UNKNOWN',
    exit: 2,
    fact: expect.stringContaining(id),
  });
});

test('a mark that was moved to another point is reported and does not count', async () => {
  const folder = await scratch();
  const catalog = await open(folder);
  await fill(catalog);
  const [a, b] = [idAt(HOURS[0] as string), idAt(HOURS[1] as string)];
  const marks = join(folder, 'local/production/marks');
  await catalog.mark(a, 'verified', 'x');
  await catalog.mark(a, 'compromised', 'x');
  await mkdir(join(marks, b));
  for (const file of await readdir(join(marks, a)))
    await writeFile(join(marks, b, file), await readFile(join(marks, a, file)));
  const entries = await catalog.points();
  expect(entries[0]?.marks.map((m) => m.mark)).toEqual(['verified', 'compromised']);
  expect(entries[1]?.marks).toEqual([]);
  expect((await catalog.problems()).map((p) => [p.kind, p.point])).toEqual([
    ['tampered', b],
    ['tampered', b],
  ]);
});

test('removing points leaves a checkpoint, so that the chain is whole', async () => {
  const folder = await scratch();
  const catalog = await open(folder);
  await fill(catalog);
  await catalog.mark(idAt(HOURS[1] as string), 'verified', 'x');
  const gone = [0, 1, 4].map((n) => idAt(HOURS[n] as string));
  await catalog.removePoints([...gone, '20200101T000000Z-full-0000'], 'prune');
  expect(await ids(catalog)).toEqual([idAt(HOURS[2] as string), idAt(HOURS[3] as string)]);
  expect(await catalog.problems()).toEqual([]);
  expect(await openPosixStore(join(folder, 'local')).list('production/marks/')).toEqual([]);
  await fill(catalog, ['2026-11-23T05:00:00Z']);
  expect(await catalog.problems()).toEqual([]);
  await catalog.removePoints([], 'prune');
  expect(await openPosixStore(join(folder, 'local')).list('production/catalog/v1/checkpoints/')).toHaveLength(1);
});

test('when every point is removed, the next one hangs on the checkpoint', async () => {
  const catalog = await open(await scratch());
  await fill(catalog, HOURS.slice(0, 2));
  await catalog.removePoints(await ids(catalog), 'prune');
  const next = await catalog.write(pointBody(HOURS[3] as string, []));
  expect(next.previous).toMatch(/^[0-9a-f]{64}$/);
  expect(await catalog.problems()).toEqual([]);
});

test('documents are read once; the second reader finds them in the cache', async () => {
  const folder = await scratch();
  const store = counting(openPosixStore(join(folder, 'local')));
  await fill(await open(folder));
  await rm(cacheFolder(folder), { recursive: true });
  const facts = { stores: { local: store } };
  const first = await (await open(folder, facts)).points();
  expect(store.reads).toHaveLength(5);
  const again = await (await open(folder, facts)).points();
  expect(store.reads).toHaveLength(5);
  expect(again.map((e) => [e.point, e.trust, e.marks])).toEqual(first.map((e) => [e.point, e.trust, e.marks]));
  await fill(await open(folder, facts), ['2026-11-23T05:00:00Z']);
  store.reads.length = 0;
  await (await open(folder, facts)).points();
  expect(store.reads).toEqual([`production/catalog/v1/points/${idAt('2026-11-23T05:00:00Z')}.json`]);
});

test('a cache that someone changed is not believed', async () => {
  const folder = await scratch();
  await fill(await open(folder));
  await (await open(folder)).points();
  const [name] = await readdir(cacheFolder(folder));
  const file = join(cacheFolder(folder), name as string);
  const content = await readFile(file, 'utf8');
  await writeFile(file, content.replaceAll('"complete":true', '"complete":null'));
  const entries = await (await open(folder)).points();
  expect(entries.map((e) => [e.point.complete, e.trust])).toEqual(HOURS.map(() => [true, 'ok']));
  await writeFile(file, 'garbage');
  expect(await (await open(folder)).points()).toHaveLength(5);
});

test('a list looks into no text; one that someone changed is found when it is asked for, and read anew the next time', async () => {
  const folder = await scratch();
  await fill(await open(folder));
  await (await open(folder)).points();
  const [name] = await readdir(cacheFolder(folder));
  const file = join(cacheFolder(folder), name as string);
  const content = await readFile(file, 'utf8');
  await writeFile(file, content.replaceAll('"complete":true', '"complete":null'));
  const { points } = await (await open(folder)).review();
  expect(points.map(({ outline, trust }) => [outline.complete, trust])).toEqual(HOURS.map(() => [true, 'ok']));
  expect(() => points[0]?.point).toThrow(expect.objectContaining({ code: 'CATALOG-CACHE' }));
  const again = await (await open(folder)).review();
  expect(again.points.map(({ point }) => point.complete)).toEqual(HOURS.map(() => true));
});

test('a torn cache, and one of an earlier format, are read anew and replaced', async () => {
  const folder = await scratch();
  await fill(await open(folder));
  await (await open(folder)).points();
  const [name] = await readdir(cacheFolder(folder));
  const file = join(cacheFolder(folder), name as string);
  const whole = await readFile(file);
  for (const content of [whole.subarray(0, -10), whole.subarray(0, 200), `${'0'.repeat(64)} 2\n{}`, '{"rows":[]}\n']) {
    await writeFile(file, content);
    const { points, problems } = await (await open(folder)).review();
    expect([points.map(({ trust }) => trust), problems]).toEqual([HOURS.map(() => 'ok'), []]);
    expect(await readFile(file)).toEqual(whole);
  }
});

test('a text is found although another run has replaced the cache since', async () => {
  const folder = await scratch();
  await fill(await open(folder));
  await (await open(folder)).points();
  const { points } = await (await open(folder)).review();
  await fill(await open(folder), ['2026-11-22T00:00:00Z']);
  await (await open(folder)).points();
  expect(points.map(({ point }) => point.id)).toEqual(HOURS.map((time) => idAt(time)));
});

test('the outline says of a point what the point says, from the cache as from the repository', async () => {
  const folder = await scratch();
  await fill(await open(folder));
  const read = await (await open(folder)).points();
  const cached = await (await open(folder)).points();
  expect(cached.map(({ outline }) => outline)).toEqual(read.map(({ point }) => outlineOf(point)));
});

test('without its key a point is shown as such; with the key again it is believed', async () => {
  const folder = await scratch();
  await fill(await open(folder, { keys: ['k1'] }), HOURS.slice(0, 1));
  const other = await open(folder, { keys: ['k2'] });
  expect((await other.points()).map((e) => e.trust)).toEqual(['unknown-key']);
  expect(await other.problems()).toMatchObject([{ kind: 'unknown-key', fact: expect.stringContaining('"k1"') }]);
  const both = await open(folder, { keys: ['k2', 'k1'] });
  expect((await both.points()).map((e) => e.trust)).toEqual(['ok']);
});

test('one key that can’t be read leaves the others; it can’t sign, and no key at all is an error', async () => {
  const folder = await scratch();
  await fill(await open(folder, { keys: ['k1', 'k2'] }), HOURS.slice(0, 1));
  const site = await makeSite(folder, { keys: ['k1', 'k2'] });
  await rm(join(folder, 'keys/k1'));
  const catalog = await openCatalog(site, repositoryOf(site), 'writer');
  expect((await catalog.points()).map((e) => e.trust)).toEqual(['unknown-key']);
  await expect(catalog.write(pointBody(HOURS[1] as string, []))).rejects.toMatchObject({ code: 'SECRET-MISSING' });
  await rm(join(folder, 'keys/k2'));
  await expect(openCatalog(site, repositoryOf(site), 'writer')).rejects.toMatchObject({ code: 'SECRET-MISSING' });
});

test('a state directory that can’t be written costs time only', async () => {
  const folder = await scratch();
  const catalog = await open(folder);
  await writeFile(join(folder, 'state'), 'a file, no folder');
  await fill(catalog);
  expect(await ids(catalog)).toHaveLength(5);
  await chmod(join(folder, 'state'), 0o600);
});

test('what is no document of a catalog is no point', async () => {
  const folder = await scratch();
  const catalog = await open(folder);
  await fill(catalog);
  await writeFile(join(folder, 'local/production/catalog/v1/points/README'), 'hello');
  expect(await ids(catalog)).toHaveLength(5);
  expect(await catalog.problems()).toEqual([]);
  expect(fileOf(folder, 'x')).toContain('points/x.json');
});
