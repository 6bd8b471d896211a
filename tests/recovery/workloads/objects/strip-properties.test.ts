/** Stripping, whatever an object holds. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { strip } from '../../../../recovery/workloads/objects/strip.ts';
import { served } from './make-object.ts';

const KINDS: readonly [string, string][] = [
  ['v1', 'Service'],
  ['v1', 'PersistentVolumeClaim'],
  ['v1', 'Pod'],
  ['v1', 'Secret'],
  ['v1', 'ServiceAccount'],
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'StatefulSet'],
  ['batch/v1', 'Job'],
  ['batch/v1', 'CronJob'],
  ['example.com/v1', 'Service'],
  ['example.com/v1', 'Widget'],
];

/** Fields that some rule looks at, with values of every shape, as a custom resource or a later version may have them. */
const field = fc.constantFrom(
  ...['clusterIP', 'ports', 'nodePort', 'volumeName', 'selector', 'template', 'metadata', 'spec', 'labels', 'secrets'],
  ...[
    'creationTimestamp',
    'volumeClaimTemplates',
    'jobTemplate',
    'volumes',
    'containers',
    'name',
    'manualSelector',
    'replicas',
  ],
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, 30_080, '', 'None', 'kube-api-access-x7k2p'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(field, tie('value'), { maxKeys: 4 }),
  ),
}));
const content = fc.dictionary(field, value as fc.Arbitrary<unknown>, { maxKeys: 6 });
const object = fc
  .record({
    of: fc.constantFrom(...KINDS),
    spec: fc.oneof({ weight: 5, arbitrary: content }, value as fc.Arbitrary<unknown>),
    other: content,
  })
  .map(({ of: [apiVersion, kind], spec: given, other }) => {
    const { metadata: _, spec: __, ...rest } = other;
    return served(apiVersion, kind, 'made', { ...rest, spec: given });
  });

test('stripping what is stripped changes nothing, whatever the object holds', () => {
  fc.assert(
    fc.property(object, (each) => {
      expect(strip(strip(each))).toEqual(strip(each));
    }),
  );
});

test('of a kind that has no rules everything but status and metadata is kept', () => {
  const free = object.filter(({ apiVersion, kind }) => apiVersion === 'example.com/v1' || kind === 'Secret');
  fc.assert(
    fc.property(free, (each) => {
      const { metadata: _, status: __, spec: before, ...rest } = each;
      const { metadata: ___, spec: after, ...kept } = strip(each);
      expect(kept).toEqual(rest);
      expect(after).toEqual(before);
    }),
  );
});

test('the object that was read is not changed', () => {
  fc.assert(
    fc.property(object, (each) => {
      const before = structuredClone(each);
      strip(each);
      expect(each).toEqual(before);
    }),
  );
});
