import { expect, test } from 'vitest';
import type { KubeObject } from '../../../../../recovery/kubernetes/objects.ts';
import { outsideGaps } from '../../../../../recovery/workloads/objects/gaps/outside.ts';
import { clusterWide, served } from '../make-object.ts';

const outside = (...objects: readonly KubeObject[]) =>
  outsideGaps(objects, ['shop', 'billing']).map(({ what }) => what);
const base64 = (text: string) => Buffer.from(text).toString('base64');

test.each<[string, KubeObject, string[]]>([
  [
    'a certificate of a gateway',
    served('gateway.networking.k8s.io/v1', 'Gateway', 'g', {
      spec: { listeners: [{ tls: { certificateRefs: [{ kind: 'Secret', name: 'tls', namespace: 'infra' }] } }] },
    }),
    ['Secret infra/tls'],
  ],
  [
    'a backend of a route',
    served('gateway.networking.k8s.io/v1', 'HTTPRoute', 'r', {
      spec: { rules: [{ backendRefs: [{ name: 'api', namespace: 'other', port: 80 }] }] },
    }),
    ['Service other/api'],
  ],
  [
    'one of another captured namespace',
    served('example.com/v1', 'Widget', 'w', { spec: { secretRef: { name: 'a', namespace: 'billing' } } }),
    [],
  ],
  [
    'a custom resource that says so by the name of its field',
    served('example.com/v1', 'Widget', 'w', { spec: { passwordSecretRef: { name: 'a', namespace: 'vault' } } }),
    ['Secret vault/a'],
  ],
  [
    'an annotation',
    served('v1', 'Service', 's', { metadata: { annotations: { 'x.example.com/tls-secret': 'infra/tls' } } }),
    ['Secret infra/tls'],
  ],
  [
    'a host in a ConfigMap',
    served('v1', 'ConfigMap', 'c', { data: { a: 'redis-0.redis.cache.svc.cluster.local:6379, api.shop.svc' } }),
    ['Service cache/redis'],
  ],
  [
    'a host in a Secret',
    served('v1', 'Secret', 's', { data: { a: base64('amqp://u:p@queue.mq.svc/v') } }),
    ['Service mq/queue'],
  ],
  [
    'the cluster’s own names, and texts that only look like one',
    served('v1', 'ConfigMap', 'c', { data: { a: 'kubernetes.default.svc', b: 'x.y.svcs', c: 'go.mod.service' } }),
    [],
  ],
  [
    'a name beyond the cluster',
    served('v1', 'Service', 's', { spec: { type: 'ExternalName', externalName: 'db.example.net' } }),
    ['db.example.net'],
  ],
  [
    'a name of another namespace',
    served('v1', 'Service', 's', { spec: { type: 'ExternalName', externalName: 'db.data.svc.cluster.local' } }),
    ['Service data/db'],
  ],
  [
    'a webhook',
    clusterWide('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'v', {
      webhooks: [{ clientConfig: { service: { namespace: 'istio-system', name: 'istiod' } } }],
    }),
    ['Service istio-system/istiod'],
  ],
  [
    'a key of an issuer, which lies beside its operator',
    clusterWide('cert-manager.io/v1', 'ClusterIssuer', 'i', { spec: { ca: { secretName: 'ca-key' } } }),
    ['Secret ca-key'],
  ],
  [
    'the keys of a storage driver, and those that each claim names for itself',
    clusterWide('storage.k8s.io/v1', 'StorageClass', 'c', {
      parameters: {
        'csi.storage.k8s.io/node-stage-secret-name': 'keys',
        'csi.storage.k8s.io/node-stage-secret-namespace': 'csi',
        'csi.storage.k8s.io/provisioner-secret-name': `\${pvc.name}`,
        'csi.storage.k8s.io/provisioner-secret-namespace': 'csi',
      },
    }),
    ['Secret csi/keys'],
  ],
  [
    'a definition only describes fields',
    clusterWide('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'd', {
      spec: { names: { name: 'x', namespace: 'y' } },
    }),
    [],
  ],
])('%s', (_, object, names) => {
  expect(outside(object)).toEqual(names);
});

test('nothing of a Secret but the name of the Service is told', () => {
  const secret = served('v1', 'Secret', 's', { data: { url: base64('postgres://shop:hunter2@db.data.svc/shop') } });
  const text = JSON.stringify(outsideGaps([secret], ['shop']));
  expect(text).toContain('Service data/db: '.slice(0, -2));
  expect(text).not.toContain('hunter2');
});

test('one line for a thing that many name', () => {
  const maps = ['a', 'b', 'c', 'd', 'e'].map((name) => served('v1', 'ConfigMap', name, { data: { x: 'db.data.svc' } }));
  expect(outsideGaps(maps, ['shop'])).toEqual([
    {
      part: 'manifests',
      what: 'Service data/db',
      why: 'ConfigMap shop/a, ConfigMap shop/b, ConfigMap shop/c and 2 more name it, and its namespace is not captured',
    },
  ]);
});
