/** An edited or removed point document is reported as tampered with. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Catalog, openCatalog } from '../../recovery/points/catalog/catalog.ts';
import { makeSite, repositoryOf } from '../recovery/config/site-fixture.ts';
import { idAt, pointBody, postgresCapture } from '../recovery/points/point-fixture.ts';
import { scratch } from '../scratch.ts';

const TIMES = ['00', '01', '02', '03'].map((h) => `2026-11-23T${h}:00:00Z`);
const IDS = TIMES.map((time) => idAt(time)) as [string, string, string, string];

let folder: string;
let catalog: Catalog;
const fileOf = (id: string): string => join(folder, 'local/production/catalog/v1/points', `${id}.json`);

beforeEach(async () => {
  folder = await scratch();
  const site = await makeSite(folder);
  catalog = await openCatalog(site, repositoryOf(site), 'writer');
  for (const time of TIMES) await catalog.write(pointBody(time, [postgresCapture(time)]));
});

/** With a warm cache as well as without one. */
describe.each([{ warm: true }, { warm: false }])('cache warm: $warm', ({ warm }) => {
  beforeEach(async () => {
    if (warm) await catalog.points();
    else await rm(join(folder, 'state'), { recursive: true });
  });

  const trusts = async (): Promise<string[]> => (await catalog.points()).map((entry) => entry.trust);
  const problems = async (): Promise<unknown[]> => (await catalog.problems()).map((p) => [p.kind, p.point]);

  test('an edited point', async () => {
    const text = await readFile(fileOf(IDS[1]), 'utf8');
    await writeFile(fileOf(IDS[1]), text.replace('"set":"20261123', '"set":"20261122'));
    expect(await trusts()).toEqual(['ok', 'tampered', 'ok', 'ok']);
    expect(await problems()).toEqual([['tampered', IDS[1]]]);
  });

  test('an edited newest point: who saw it good knows that what is left is older, and a stranger’s document stops nobody', async () => {
    const newest = async (): Promise<unknown[]> => (await catalog.problems()).map((p) => [p.point, p.newest]);
    const text = await readFile(fileOf(IDS[3]), 'utf8');
    const stranger = IDS[3].replace('T03', 'T09');
    await writeFile(fileOf(stranger), text.replaceAll(IDS[3], stranger));
    await writeFile(fileOf(IDS[3]), '');
    expect((await newest()).toSorted()).toEqual([
      [IDS[3], warm ? true : undefined],
      [stranger, undefined],
    ]);
  });

  test('another point’s document in its place', async () => {
    await writeFile(fileOf(IDS[1]), await readFile(fileOf(IDS[0])));
    expect(await trusts()).toEqual(['ok', 'tampered', 'ok', 'ok']);
    expect(await problems()).toEqual([['tampered', IDS[1]]]);
  });

  test('a document with another id', async () => {
    await rename(fileOf(IDS[1]), fileOf(IDS[1].replace('0000', 'ffff')));
    expect((await trusts()).toSorted()).toEqual(['ok', 'ok', 'ok', 'tampered']);
    expect(await catalog.problems()).toContainEqual(
      expect.objectContaining({ kind: 'tampered', fact: expect.stringContaining('another document') }),
    );
  });

  test.each([
    ['cut short', '{"apiVersion":"go-cof'],
    ['emptied', ''],
    ['without its signature', '{"id":"x"}'],
  ])('%s', async (_, content) => {
    await writeFile(fileOf(IDS[2]), content);
    expect(await trusts()).toEqual(['ok', 'ok', 'ok']);
    expect(await problems()).toEqual([['tampered', IDS[2]]]);
  });

  test('a point removed from the middle', async () => {
    await rm(fileOf(IDS[1]));
    const found = await catalog.problems();
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ kind: 'removed' });
    expect(found[0]?.fact).toContain(warm ? IDS[1] : `between ${IDS[0]} and ${IDS[2]}`);
  });

  test('the oldest point removed', async () => {
    await rm(fileOf(IDS[0]));
    expect(await catalog.problems()).toMatchObject([{ kind: 'removed' }]);
  });

  test('a removal is still reported after the next backup and on the next run', async () => {
    await rm(fileOf(IDS[3]));
    // Nothing refers to the newest point yet: only a machine that saw it notices its removal.
    expect(await problems()).toEqual(warm ? [['removed', IDS[3]]] : []);
    await catalog.write(pointBody('2026-11-23T04:00:00Z', []));
    expect(await problems()).toEqual(warm ? [['removed', IDS[3]]] : []);
  });

  test('a new point refers to the last good one, and an altered one can be removed with a checkpoint', async () => {
    await writeFile(fileOf(IDS[3]), (await readFile(fileOf(IDS[3]), 'utf8')).replace('"bytes":3', '"bytes":4'));
    await catalog.write(pointBody('2026-11-23T04:00:00Z', []));
    await writeFile(fileOf(IDS[1]), (await readFile(fileOf(IDS[1]), 'utf8')).replace('"bytes":3', '"bytes":4'));
    expect(await problems()).toEqual([
      ['tampered', IDS[1]],
      ['tampered', IDS[3]],
    ]);
    await catalog.removePoints([IDS[1], IDS[3]], 'operator');
    await rm(join(folder, 'state'), { recursive: true, force: true });
    expect(await problems()).toEqual([]);
  });

  test('a point signed with an unknown key', async () => {
    const forged = await makeSite(await scratch(), { keys: ['k1'] });
    await writeFile(join(forged.environment.stateDir, '../keys/k1'), 'guessed', { mode: 0o600 });
    const elsewhere = await openCatalog(forged, repositoryOf(forged), 'writer');
    const point = await elsewhere.write(pointBody('2026-11-23T09:00:00Z', []));
    await writeFile(fileOf(point.id), JSON.stringify(point));
    expect(await problems()).toEqual([['tampered', point.id]]);
  });
});
