import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type KubeObject, nameOf } from '../../../../recovery/kubernetes/objects.ts';
import { partOf } from '../../../../recovery/workloads/objects/parts.ts';
import { objectText, readPart, writePart } from '../../../../recovery/workloads/objects/stored.ts';
import { scratch } from '../../../scratch.ts';
import { captureOf, clusterWide, ownedBy, served } from './make-object.ts';

const AT = new Date('2026-11-25T02:00:00Z');

test.each<[string, KubeObject]>([
  ['manifests', served('apps/v1', 'Deployment', 'a')],
  [
    'manifests',
    clusterWide('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'prometheuses.monitoring.coreos.com'),
  ],
  ['manifests', served('example.com/v1', 'Secret', 'a')],
  ['configuration', served('v1', 'Secret', 'a')],
  ['configuration', served('v1', 'ConfigMap', 'a')],
  ['access', served('v1', 'ServiceAccount', 'a')],
  ['access', served('networking.k8s.io/v1', 'NetworkPolicy', 'a')],
  ['access', served('cilium.io/v2', 'CiliumNetworkPolicy', 'a')],
  ['access', clusterWide('rbac.authorization.k8s.io/v1', 'ClusterRole', 'a')],
  ['monitoring', served('monitoring.coreos.com/v1', 'PrometheusRule', 'a')],
  ['monitoring', served('v1', 'ConfigMap', 'a', { metadata: { labels: { grafana_dashboard: '1' } } })],
])('%s: %j', (part, object) => {
  expect(partOf(object)).toBe(part);
});

test('a file an object, private, with an index that says what there is', async () => {
  const folder = await scratch();
  const deployment = served('apps/v1', 'Deployment', 'api', {
    metadata: { finalizers: ['example.com/hold'] },
    spec: { template: { spec: { containers: [{ name: 'api', image: 'registry.test/api:1.4' }] } } },
  });
  const pod = served('v1', 'Pod', 'api-1', {
    metadata: ownedBy(deployment),
    spec: { containers: [{ name: 'api', image: 'registry.test/api:1.4' }] },
    status: { containerStatuses: [{ name: 'api', image: 'sha256:1', imageID: `x@sha256:${'a'.repeat(64)}` }] },
  });
  const capture = captureOf(deployment, pod, clusterWide('v1', 'Namespace', 'shop'));
  const index = await writePart(capture, 'manifests', folder, AT);
  expect(index).toMatchObject({
    part: 'manifests',
    capturedAt: AT.toISOString(),
    counts: { 'Deployment.apps': 1, Namespace: 1 },
    leftOut: { generated: { Pod: 1 } },
    images: [{ image: 'registry.test/api:1.4', digests: [`sha256:${'a'.repeat(64)}`] }],
    objects: [
      { file: 'deployment.apps/shop/api.json', name: 'Deployment.apps shop/api', finalizers: ['example.com/hold'] },
      { file: 'namespace/_cluster/shop.json', name: 'Namespace shop', finalizers: [] },
    ],
  });
  expect((await stat(join(folder, 'deployment.apps/shop/api.json'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'deployment.apps'))).mode & 0o777).toBe(0o700);
  const back = await readPart(folder);
  expect(back.index).toEqual(index);
  expect(back.objects).toEqual(capture.parts.manifests);
});

test('names that are as long as they may be', async () => {
  const folder = await scratch();
  const names = ['a', 'b'].map((end) => `${'n'.repeat(252)}${end}`);
  const capture = captureOf(...names.map((name) => served('v1', 'ConfigMap', name, { data: { name } })));
  await writePart(capture, 'configuration', folder, AT);
  expect((await readPart(folder)).objects.map(({ object }) => object.metadata.name)).toEqual(names);
});

test('equal objects are equal texts, and YAML readers of every age see the same', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a' },
    data: { b: 'yes', a: '0x1F', c: '1_000' },
  };
  const text = objectText(object);
  expect(
    objectText({
      data: { c: '1_000', a: '0x1F', b: 'yes' },
      metadata: { name: 'a' },
      kind: 'ConfigMap',
      apiVersion: 'v1',
    }),
  ).toBe(text);
  for (const version of ['1.1', '1.2'] as const) expect(parse(text, { version })).toEqual(object);
});

test.each<[string, (file: string, folder: string) => Promise<void>, RegExp]>([
  ['missing', (file) => rm(file), /ConfigMap shop\/a is missing/],
  [
    'changed',
    async (file) => writeFile(file, (await readFile(file, 'utf8')).replace('"1"', '"2"')),
    /ConfigMap shop\/a is not what was captured/,
  ],
  ['added', (_, folder) => writeFile(join(folder, 'more.json'), '{}'), /not of the capture: .*more\.json/],
  ['without its index', (_, folder) => rm(join(folder, 'index.json')), /index\.json can't be read/],
])('what is %s shows', async (_, damage, fact) => {
  const folder = await scratch();
  await writePart(captureOf(served('v1', 'ConfigMap', 'a', { data: { one: '1' } })), 'configuration', folder, AT);
  await damage(join(folder, 'configmap/shop/a.json'), folder);
  await expect(readPart(folder)).rejects.toMatchObject({
    code: 'CAPTURE-DAMAGED',
    exit: 5,
    fact: expect.stringMatching(fact),
  });
});

test('a part that holds nothing has an index all the same', async () => {
  const folder = await scratch();
  await writePart(captureOf(), 'monitoring', folder, AT);
  expect(await readdir(folder)).toEqual(['index.json']);
  expect((await readPart(folder)).objects).toEqual([]);
});

test('an image that no pod runs has no digest, one that is named by its digest needs no pod', () => {
  const digest = `sha256:${'b'.repeat(64)}`;
  const images = ['registry.test/idle:1', `registry.test/pinned@${digest}`];
  const containers = images.map((image, i) => ({ name: `c${i}`, image }));
  const job = served('batch/v1', 'CronJob', 'j', {
    spec: { jobTemplate: { spec: { template: { spec: { initContainers: containers } } } } },
  });
  expect(captureOf(job).images).toEqual([
    { image: images[0], digests: [] },
    { image: images[1], digests: [digest] },
  ]);
  expect(captureOf(job).parts.manifests.map(({ object }) => nameOf(object))).toEqual(['CronJob.batch shop/j']);
});
