import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import { documentProblems, inspectFolder } from '../../../../recovery/workloads/files/inspect.ts';
import { inspectGit } from '../../../../recovery/workloads/git/workload.ts';
import { scratch } from '../../../scratch.ts';

function workload(id: string) {
  return productionPlan.workloads.find((each) => each.id === id) ?? expect.unreachable(id);
}

async function folderWith(files: Record<string, string>): Promise<string> {
  const path = await scratch();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return path;
}

const MANIFEST = 'kind: Service\nmetadata: {name: a}\n---\nkind: Deployment\n';
const TEN = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`${n}.jpg`, 'x']));

test.each([
  ['files as before', 'uploads', TEN, 10, 'well'],
  ['a few files fewer', 'uploads', TEN, 19, 'well'],
  ['less than half of the files', 'uploads', TEN, 21, 'damaged'],
  ['no file, no capture', 'uploads', {}, undefined, 'empty'],
  ['no file, as captured', 'uploads', {}, 0, 'well'],
  ['good manifests', 'manifests', { 'a/a.yaml': MANIFEST, 'b.json': '{"a": 1}', 'notes.txt': '{' }, 3, 'well'],
  ['a manifest that breaks off', 'manifests', { 'a.yaml': 'kind: Service\nspec: [1, 2' }, 1, 'damaged'],
  ['an empty manifest', 'manifests', { 'a.yml': ' \n' }, 1, 'damaged'],
  ['random bytes', 'config-and-secrets', { 'a.yaml': 'q7\u0001hkjsd' }, 1, 'damaged'],
  ['JSON that is none', 'configuration-files', { 'a.json': '{"a": ' }, 1, 'damaged'],
  ['data that is no configuration', 'uploads', { 'a.json': '{"a": ' }, 1, 'well'],
] as const)('%s: %s', async (_, id, files, objects, state) => {
  const path = await folderWith(files);
  const before = objects === undefined ? undefined : { objects, bytes: 0 };
  const found = await inspectFolder({ workload: workload(id), path, before }, documentProblems);
  expect(found.state).toBe(state);
  expect(found.facts.join('')).not.toBe('');
});

test('a folder that is not there, and a file in its place, are missing', async () => {
  const path = await folderWith({ file: 'x' });
  const look = (at: string) =>
    inspectFolder({ workload: workload('uploads'), path: at, before: { objects: 7, bytes: 1 } }, documentProblems);
  expect(await look(join(path, 'nowhere'))).toMatchObject({ state: 'missing' });
  expect((await look(join(path, 'nowhere'))).facts.join()).toContain('the last capture has 7 files');
  expect(await look(join(path, 'file'))).toMatchObject({ state: 'missing' });
});

test('git sources on this machine are looked at, others are not', async () => {
  const path = await folderWith({ 'repo/.git/HEAD': 'ref', 'broken/readme': '' });
  const sources = [
    { name: 'a', url: join(path, 'repo') },
    { name: 'b', url: `file://${join(path, 'broken')}` },
    { name: 'c', url: join(path, 'gone') },
    { name: 'd', url: 'https://git.example/x.git' },
  ];
  expect(inspectGit(workload('git'), sources).map(({ state }) => state)).toEqual(['well', 'damaged', 'missing']);
});
