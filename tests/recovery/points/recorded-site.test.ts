/**
 * What version 0.1.0 left on a user's disks is still read: dr.yaml, points, marks, the lineage, the runs. tests/fixtures/recorded-site/ was
 * written by that version and is never made anew; its keys open nothing else.
 */
import { chmod, cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownLineage } from '../../../recovery/config/lineage.ts';
import { openSite } from '../../../recovery/config/site.ts';
import { dr } from '../../cli/run-dr.ts';
import { scratch } from '../../scratch.ts';

const RECORDED = join(import.meta.dirname, '../../fixtures/recorded-site');
const [FULL, INCREMENTAL] = ['20261130T020224Z-full-7e4d', '20261130T020236Z-incremental-3f4f'] as const;

async function recordedSite(): Promise<string> {
  const folder = await scratch();
  await cp(RECORDED, folder, { recursive: true });
  // Git keeps no modes.
  for (const key of await readdir(join(folder, 'keys'))) await chmod(join(folder, 'keys', key), 0o600);
  const env = join(folder, 'dr.yaml');
  await writeFile(env, (await readFile(env, 'utf8')).replaceAll('<FOLDER>', folder));
  return env;
}

async function asked(env: string, ...words: readonly string[]) {
  const { exit, stdout, stderr } = await dr([...words, '--env', env, '-o', 'json']);
  return { exit, stderr, data: JSON.parse(stdout) };
}

test('points, their signatures and their marks', async () => {
  const { exit, data } = await asked(await recordedSite(), 'points');
  expect(exit).toBe(0);
  expect(data.points).toEqual(JSON.parse(await readFile(join(RECORDED, 'points.json'), 'utf8')));
});

test.each([
  [FULL, 7],
  [INCREMENTAL, 6],
])('one point with all that it holds: %s', async (id, workloads) => {
  const { exit, data } = await asked(await recordedSite(), 'points', 'show', id);
  expect(exit).toBe(0);
  expect(data.copies).toMatchObject([{ trust: 'ok' }, { trust: 'ok' }]);
  for (const { point } of data.copies) expect(point.captures).toHaveLength(workloads);
});

test('a mark of today stands beside those of then', async () => {
  const env = await recordedSite();
  expect((await asked(env, 'points', 'mark', FULL, 'clean')).exit).toBe(0);
  const { data } = await asked(env, 'points');
  const marks = data.points
    .find(({ id }: { id: string }) => id === FULL)
    .marks.map(({ mark }: { mark: string }) => mark);
  expect(marks.sort()).toEqual(['clean', 'clean', 'hold', 'hold']);
});

test('a point that was altered since is still found out', async () => {
  const env = await recordedSite();
  const file = join(env, '..', 'repositories/local/drill/catalog/v1/points', `${FULL}.json`);
  await writeFile(file, (await readFile(file, 'utf8')).replace(/"bytes":\d+/, '"bytes":1'));
  expect((await asked(env, 'points')).exit).toBe(5);
});

test('the generation that it archives as', async () => {
  expect(await ownLineage(await openSite(await recordedSite()))).toBe('first-1');
});
