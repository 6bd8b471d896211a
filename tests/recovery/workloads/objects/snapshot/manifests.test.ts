/** Folders of manifests, and captures, as they are read once they are laid down; no engine is needed. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ResolvedManifests } from '../../../../../recovery/points/resolved/types.ts';
import { nameOf, packSnapshot, unpackSnapshot } from '../../../../../recovery/public.ts';
import { objectsIn } from '../../../../../recovery/workloads/objects/snapshot/manifests.ts';
import { readFolder } from '../../../../../recovery/workloads/objects/snapshot/part.ts';
import { scratch } from '../../../../scratch.ts';
import { served } from '../make-object.ts';
import { writeObjects } from './repository.ts';

const PINNED: ResolvedManifests = {
  workload: 'manifests',
  part: 'configuration',
  point: '20261125T020000Z-full-7f3a',
  snapshot: 'a'.repeat(64),
  capturedAt: '2026-11-25T02:00:30.000Z',
};
const secret = served('v1', 'Secret', 'api', { data: { password: 'dG9wLXNlY3JldA==' } });

test.each([
  ['a document', 'apiVersion: v1\nkind: Service\nmetadata: {name: api}\n', ['Service api']],
  [
    'several, and an empty one',
    'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\n',
    ['Service a', 'Deployment.apps b'],
  ],
  ['a list', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [secret] }), ['Secret shop/api']],
  ['nothing', '', []],
  ['values of a chart', 'replicas: 2\n', undefined],
  ['a template', 'name: {{ .Values.name }}\n', undefined],
  ['an object among values', 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\nreplicas: 2\n', undefined],
] as const)('%s', (_, text, names) => {
  expect(objectsIn(text)?.map(nameOf)).toEqual(names);
});

test('a folder of a single host: its objects as they can be created, and what is none is named', async () => {
  const folder = await scratch();
  await mkdir(join(folder, 'deploy'));
  await writeFile(join(folder, 'deploy', 'api.yaml'), JSON.stringify(secret));
  await writeFile(join(folder, 'values.yaml'), 'replicas: 2\n');
  await writeFile(join(folder, 'README'), 'How to deploy\n');
  const part = await readFolder(folder, PINNED);
  expect(part.objects.map(({ object }) => object.metadata)).toEqual([{ name: 'api', namespace: 'shop' }]);
  expect(part).toMatchObject({
    workload: 'manifests',
    capturedAt: PINNED.capturedAt,
    namespaces: ['shop'],
    notes: ['manifests: no objects of Kubernetes, and left out: README, values.yaml'],
  });
});

test('a capture of a cluster: checked against its index, and against the part that the plan wants', async () => {
  const folder = await scratch();
  await writeObjects(folder, 'configuration', [secret]);
  const { objects, capturedAt } = await readFolder(folder, PINNED);
  expect([objects.map(({ object }) => nameOf(object)), capturedAt]).toEqual([
    ['Secret shop/api'],
    '2026-11-25T02:00:00.000Z',
  ]);
  await expect(readFolder(folder, { ...PINNED, part: 'access' })).rejects.toMatchObject({
    code: 'CAPTURE-DAMAGED',
    exit: 5,
  });
  const file = join(folder, 'secret', 'shop', 'api.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('dG9w', 'YWFh'));
  await expect(readFolder(folder, PINNED)).rejects.toMatchObject({ code: 'CAPTURE-DAMAGED', exit: 5 });
});

test('a platform is packed and unpacked; a text that nobody can read is asked for anew', async () => {
  const folder = await scratch();
  await writeObjects(folder, 'configuration', [secret]);
  const { objects, namespaces, images, notes } = await readFolder(folder, PINNED);
  const platform = { objects, namespaces, images, notes };
  expect(await unpackSnapshot(await packSnapshot(platform))).toEqual(platform);
  expect(await unpackSnapshot('bm90IGd6aXA=')).toBeUndefined();
  expect(await unpackSnapshot(await packSnapshot({ ...platform, objects: [{}] as never }))).toBeUndefined();
});
