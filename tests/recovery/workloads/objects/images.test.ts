/** Which digests ran under an image's name, and which of them its registry would give again. */
import { expect, test } from 'vitest';
import { imagesOf } from '../../../../recovery/workloads/objects/images.ts';
import { served } from './make-object.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

const runs = (image: string) =>
  served('apps/v1', 'Deployment', 'api', { spec: { containers: [{ name: 'c', image }] } });
const pod = (image: string, imageID: string) =>
  served('v1', 'Pod', 'api-1', {
    spec: { containers: [{ name: 'c', image }] },
    status: { containerStatuses: [{ name: 'c', image: 'in other words', imageID }] },
  });

test.each([
  ['from its registry', 'registry.test:5000/api:1.4', `registry.test:5000/api@${A}`, true],
  ['in an older runtime’s words', 'registry.test/api:1.4', `docker-pullable://registry.test/api@${A}`, true],
  ['from the hub, by its short name', 'nginx:1.27', `docker.io/library/nginx@${A}`, true],
  ['without a tag', 'coffee/api', `docker.io/coffee/api@${A}`, true],
  ['loaded into the node, without a name', 'registry.test/api:1.4', A, false],
  [
    'loaded under a name that the tool made up',
    'registry.test/api:1.4',
    `docker.io/library/import-2026-11-25@${A}`,
    false,
  ],
  ['from a mirror', 'registry.test/api:1.4', `mirror.test/api@${A}`, false],
])('%s', (_, image, imageID, isPullable) => {
  expect(imagesOf([runs(image)], [pod(image, imageID)])).toEqual([
    { image, digests: [A], ...(isPullable ? { pullable: A } : {}) },
  ]);
});

test('a tag that has moved names no one content', () => {
  const image = 'registry.test/api:1.4';
  const pods = [A, B, A].map((digest) => pod(image, `registry.test/api@${digest}`));
  expect(imagesOf([runs(image)], pods)).toEqual([{ image, digests: [A, B] }]);
});
