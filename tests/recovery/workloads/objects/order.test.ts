import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KubeObject, nameOf } from '../../../../recovery/kubernetes/objects.ts';
import { restoreWaves, WAVES } from '../../../../recovery/workloads/objects/order.ts';
import { clusterWide, served } from './make-object.ts';

function definition(kind: string, conversion?: object): KubeObject {
  const versions = [{ name: 'v1' }, { name: 'v1beta1' }];
  const spec = { group: 'example.com', names: { kind, plural: `${kind.toLowerCase()}s` }, versions, conversion };
  return clusterWide('apiextensions.k8s.io/v1', 'CustomResourceDefinition', `${kind.toLowerCase()}s.example.com`, {
    spec,
  });
}

/** One of each, in the order in which they must be made. */
const IN_ORDER: readonly KubeObject[] = [
  clusterWide('v1', 'Namespace', 'shop'),
  definition('Widget'),
  clusterWide('scheduling.k8s.io/v1', 'PriorityClass', 'tier-1'),
  served('v1', 'ServiceAccount', 'api'),
  served('rbac.authorization.k8s.io/v1', 'RoleBinding', 'api'),
  served('v1', 'Secret', 'database'),
  served('v1', 'PersistentVolumeClaim', 'data'),
  served('v1', 'Service', 'api'),
  served('example.com/v1', 'Widget', 'gear'),
  served('apps/v1', 'Deployment', 'api'),
  served('autoscaling/v2', 'HorizontalPodAutoscaler', 'api'),
  clusterWide('apiregistration.k8s.io/v1', 'APIService', 'v1.metering.example.com', {
    spec: { group: 'metering.example.com', version: 'v1', service: { namespace: 'shop', name: 'api' } },
  }),
  served('example.com/v1', 'Converted', 'made-by-the-platform'),
  served('networking.k8s.io/v1', 'Ingress', 'api'),
  clusterWide('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'guard'),
];
const converted = definition('Converted', { strategy: 'Webhook' });

test('each after what it needs, and what may refuse others last', () => {
  const waves = restoreWaves([...[...IN_ORDER].reverse(), converted]);
  expect(waves.map(({ id }) => id)).toEqual(WAVES);
  expect(waves.flatMap(({ objects }) => objects).filter((object) => object !== converted)).toEqual(IN_ORDER);
});

test('what the platform’s own server serves comes after its APIService', () => {
  const meter = served('metering.example.com/v1', 'Meter', 'm');
  const waves = restoreWaves([meter, ...IN_ORDER]);
  const at = (object: KubeObject) => waves.findIndex(({ objects }) => objects.includes(object));
  const api = IN_ORDER.find(({ kind }) => kind === 'APIService') as KubeObject;
  const services = IN_ORDER.filter(({ kind }) => kind === 'Service' || kind === 'Deployment');
  expect(at(meter)).toBeGreaterThan(at(api));
  for (const service of services) expect(at(api)).toBeGreaterThan(at(service));
});

test('only definitions and APIServices are waited for', () => {
  const waiting = restoreWaves(IN_ORDER).filter(({ wait }) => wait !== undefined);
  expect(waiting.map(({ id, wait }) => [id, wait])).toEqual([
    ['definitions', 'established'],
    ['apis', 'available'],
  ]);
});

test.each<[string, KubeObject, string]>([
  ['a definition without a webhook', served('example.com/v1', 'Widget', 'w'), 'custom-resources'],
  ['a kind that nobody here defines', served('other.com/v1', 'Thing', 't'), 'custom-resources'],
  ['network policies of others', served('cilium.io/v2', 'CiliumNetworkPolicy', 'p'), 'bindings'],
  ['a custom kind called like one of Kubernetes', served('example.com/v1', 'Deployment', 'd'), 'custom-resources'],
  ['a route of a gateway', served('gateway.networking.k8s.io/v1', 'HTTPRoute', 'shop'), 'routes'],
  ['the gateway itself', served('gateway.networking.k8s.io/v1', 'Gateway', 'shop'), 'custom-resources'],
  ['a route of an ingress controller', served('traefik.io/v1alpha1', 'IngressRoute', 'shop'), 'routes'],
  ['a class', clusterWide('storage.k8s.io/v1', 'StorageClass', 'fast'), 'classes'],
])('%s', (_, object, wave) => {
  const found = restoreWaves([definition('Widget'), object]).find(({ objects }) => objects.includes(object));
  expect(found?.id).toBe(wave);
});

test('every object once, the same waves whatever the order was', () => {
  const subset = fc.subarray([...IN_ORDER, converted]);
  const pairs = subset.chain((objects) =>
    fc.tuple(fc.constant(objects), fc.shuffledSubarray(objects, { minLength: objects.length })),
  );
  fc.assert(
    fc.property(pairs, ([objects, shuffled]) => {
      const waves = restoreWaves(shuffled);
      expect(waves).toEqual(restoreWaves(objects));
      expect(waves.flatMap((wave) => wave.objects.map(nameOf)).sort()).toEqual(objects.map(nameOf).sort());
    }),
  );
});
