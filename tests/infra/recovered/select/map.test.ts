/** Names that are other ones here: images, classes, namespaces, hosts, wherever a captured object speaks of them. */
import { expect, test } from 'vitest';
import { mapObjects } from '../../../../infra/recovered/select/map.ts';
import type { KubeObject } from '../../../../recovery/public.ts';
import { deployment, ingress, PLATFORM, service } from '../sample-snapshot.ts';

const NONE = { registry: {}, storageClass: {}, namespace: {}, host: {} };

function mapped(object: object, map: Partial<typeof NONE> = {}, others: readonly object[] = [], platform = 'drill') {
  const objects = [object, ...others] as KubeObject[];
  const result = mapObjects(objects, {
    map: { ...NONE, ...map },
    namespaces: ['go-coffee'],
    section: 'recovery',
    platform,
  });
  return { object: result.objects.get(objects[0] as KubeObject) as KubeObject, notes: result.notes };
}

const configMap = (data: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'go-coffee' },
  data,
});
const text = (value: string, map: Partial<typeof NONE> = {}): unknown =>
  (mapped(configMap({ text: value }), map, [service('order-service')]).object.data as { text: string }).text;

test('without a map, and in a namespace of the same name, everything stays as it was', () => {
  const objects = PLATFORM.objects.map(({ object }) => object);
  const { objects: same, notes } = mapObjects(objects, {
    map: NONE,
    namespaces: ['go-coffee'],
    section: 'recovery',
    platform: 'go-coffee',
  });
  expect([...same.values()]).toEqual(objects);
  expect(notes).toEqual([]);
});

test.each([
  ['registry.test/api:1.4', 'mirror.example.com/coffee/api:1.4'],
  ['registry.test.org/api:1.4', 'registry.test.org/api:1.4'],
  ['nginx:1.27.3', 'hub.example.com/library/nginx:1.27.3'],
  ['grafana/grafana:11.0.0', 'hub.example.com/grafana/grafana:11.0.0'],
  [`quay.io/a/b@sha256:${'a'.repeat(64)}`, `quay.io/a/b@sha256:${'a'.repeat(64)}`],
])('the image %s is %s here', (image, here) => {
  const map = { registry: { 'registry.test': 'mirror.example.com/coffee/', 'docker.io': 'hub.example.com' } };
  const { object } = mapped(deployment('api', { app: 'api' }, { image }), map);
  expect(object).toHaveProperty('spec.template.spec.containers.0.image', here);
});

test.each([
  ['postgres://app:pw@postgres.go-coffee.svc:5432/x', 'postgres://app:pw@postgres.drill.svc:5432/x'],
  ['postgres-0.postgres-members.go-coffee.svc.cluster.local', 'postgres-0.postgres-members.drill.svc.cluster.local'],
  ['http://order-service.go-coffee:8080/a', 'http://order-service.drill:8080/a'],
  ['http://nobody.go-coffee:8080', 'http://nobody.go-coffee:8080'],
  [
    'https://shop.go-coffee.com and order-service.go-coffee.io',
    'https://shop.go-coffee.com and order-service.go-coffee.io',
  ],
  ['my-go-coffee.svc', 'my-go-coffee.svc'],
])('the text %j is %j', (before, after) => {
  expect(text(before)).toBe(after);
});

test.each([
  ['https://shop.example.com/x', 'https://shop.dr.example.net/x'],
  ['https://api.shop.example.com', 'https://api.shop.dr.example.net'],
  ['*.shop.example.com', '*.shop.dr.example.net'],
  ['workshop.example.com', 'workshop.example.com'],
  ['team@shop.example.com', 'team@shop.example.com'],
  ['shop.example.com.evil.org', 'shop.example.com.evil.org'],
])('the host in %j is %j', (before, after) => {
  expect(text(before, { host: { 'shop.example.com': 'shop.dr.example.net' } })).toBe(after);
});

test('a host that looks like the group of a kind is changed where hosts are, and nowhere else', () => {
  const host = { 'example.com': 'dr.example.net' };
  expect(mapped(ingress('shop', []), { host }).object).toMatchObject({
    spec: { rules: [{ host: 'shop.coffee.dr.example.net' }], tls: [{ hosts: ['shop.coffee.dr.example.net'] }] },
  });
  for (const kind of ['CustomResourceDefinition', 'Widget', 'ClusterRole']) {
    const found = PLATFORM.objects.map(({ object }) => object).find((object) => object.kind === kind) as KubeObject;
    expect(JSON.stringify(mapped(found, { host }).object)).not.toContain('dr.example.net');
  }
});

test('a Secret’s values are read as text, and bytes that are none stay', () => {
  const base64 = (value: string | Uint8Array) => Buffer.from(value).toString('base64');
  const bytes = Uint8Array.from([0xff, 0xfe, ...Buffer.from('.go-coffee.svc')]);
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'database', namespace: 'go-coffee' },
    data: { url: base64('postgres://postgres.go-coffee.svc'), bytes: base64(bytes), namespace: base64('go-coffee') },
  };
  expect(mapped(secret).object.data).toEqual({
    url: base64('postgres://postgres.drill.svc'),
    bytes: base64(bytes),
    namespace: base64('go-coffee'),
  });
});

test('a namespace is followed wherever a field names one', () => {
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'from-us', namespace: 'go-coffee' },
    spec: {
      podSelector: {},
      ingress: [
        { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'go-coffee' } } }] },
        {
          from: [
            {
              namespaceSelector: {
                matchExpressions: [
                  { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['go-coffee', 'tea'] },
                ],
              },
            },
          ],
        },
      ],
    },
  };
  expect(JSON.stringify(mapped(policy).object)).toBe(JSON.stringify(policy).replaceAll('go-coffee', 'drill'));
});

test('bindings of the whole cluster are made beside those of a platform that lives, and roles are shared', () => {
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'coffee-nodes' },
    subjects: [
      { kind: 'ServiceAccount', name: 'api', namespace: 'go-coffee' },
      { kind: 'Group', name: 'system:serviceaccounts:go-coffee', apiGroup: 'rbac.authorization.k8s.io' },
    ],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'coffee-nodes' },
  };
  expect(mapped(binding).object).toMatchObject({
    metadata: { name: 'coffee-nodes-drill' },
    subjects: [{ namespace: 'drill' }, { name: 'system:serviceaccounts:drill' }],
    roleRef: { name: 'coffee-nodes' },
  });
  expect(mapped(binding, {}, [], 'go-coffee').object).toEqual(binding);
});

test('a class that has another name here is not made under the old one', () => {
  const map = { ...NONE, storageClass: { fast: 'standard' } };
  const objects = PLATFORM.objects.map(({ object }) => object);
  const { objects: here } = mapObjects(objects, {
    map,
    namespaces: ['go-coffee'],
    section: 'recovery',
    platform: 'go-coffee',
  });
  const left = [...here.values()];
  expect(objects.filter(({ kind }) => kind === 'StorageClass')).toHaveLength(1);
  expect(left.filter(({ kind }) => kind === 'StorageClass')).toEqual([]);
  expect(left.find(({ kind }) => kind === 'PersistentVolumeClaim')).toHaveProperty('spec.storageClassName', 'standard');
  expect(left.find(({ kind }) => kind === 'StatefulSet')).toHaveProperty(
    'spec.volumeClaimTemplates.0.spec.storageClassName',
    'standard',
  );
});

test('a name that nothing speaks of is said: it may be a typing error', () => {
  const { notes } = mapped(deployment('api'), { registry: { 'regstry.test': 'x' }, host: { 'shop.test': 'y' } });
  expect(notes).toEqual([
    'recovery.map.registry: the manifest snapshot does not contain "regstry.test"',
    'recovery.map.host: the manifest snapshot does not contain "shop.test"',
  ]);
});
