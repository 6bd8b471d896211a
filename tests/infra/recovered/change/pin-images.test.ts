/** Images come back by the content that ran. */
import { expect, test } from 'vitest';
import { pinImages } from '../../../../infra/recovered/change/pin-images.ts';
import type { KubeObject, ManifestSnapshot } from '../../../../recovery/public.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const metadata = { name: 'api', namespace: 'go-coffee' };
const template = (...images: string[]) => ({
  template: { spec: { containers: images.map((image, i) => ({ name: `c${i}`, image })) } },
});

function pinned(object: KubeObject, images: ManifestSnapshot['images']) {
  const { objects, notes } = pinImages({
    objects: [{ object, finalizers: [], outside: [] }],
    namespaces: ['go-coffee'],
    images,
  });
  return { spec: objects[0]?.object.spec, notes };
}

const image = 'registry.test/api:1.4';
const RAN = [
  { image, digests: [DIGEST], pullable: DIGEST },
  { image: 'by-hand:1', digests: [DIGEST] },
];

test.each([
  [
    'apps/v1',
    'Deployment',
    template(image, 'by-hand:1', 'idle:1'),
    template(`${image}@${DIGEST}`, 'by-hand:1', 'idle:1'),
  ],
  [
    'batch/v1',
    'CronJob',
    { jobTemplate: { spec: template(image) } },
    { jobTemplate: { spec: template(`${image}@${DIGEST}`) } },
  ],
  // What an operator makes of the name is not known.
  ['example.com/v1', 'Deployment', template(image), template(image)],
])('%s %s', (apiVersion, kind, spec, expected) => {
  expect(pinned({ apiVersion, kind, metadata, spec }, RAN)).toEqual({ spec: expected, notes: [] });
});

test('a tag with several contents is told of', () => {
  const moved = [{ image, digests: [DIGEST, `sha256:${'b'.repeat(64)}`] }];
  const found = pinned({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: template(image) }, moved);
  expect(found).toEqual({ spec: template(image), notes: [expect.stringContaining(`comes back: ${image}`)] });
});
