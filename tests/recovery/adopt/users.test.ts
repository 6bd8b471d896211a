/** Which workloads of a platform use a server: those that name it, and those whose sessions it has. */
import { expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import { domainIn } from '../../../recovery/adopt/cluster/open.ts';
import { bytesOf } from '../../../recovery/adopt/cluster/room.ts';
import { parseFrom } from '../../../recovery/adopt/cluster/source.ts';
import { namesPlace, usersIn } from '../../../recovery/adopt/cluster/users.ts';
import type { KubeObject } from '../../../recovery/kubernetes/objects.ts';

const PLACE = {
  host: 'postgres.shop-data.svc',
  port: 5432,
  service: { namespace: 'shop-data', name: 'postgres', podPort: 5432 },
};

test.each([
  ['postgres://shop@postgres.shop-data:5432/shop', 'shop', true],
  ['postgres.shop-data.svc.cluster.local', 'shop', true],
  ['my-postgres.shop-data', 'shop', false],
  ['postgres.shop-data-old', 'shop', false],
  ['postgres', 'shop', false],
  ['postgres', 'shop-data', true],
  ['postgres:5432', 'shop-data', true],
  ['postgres://shop:x@postgres/shop', 'shop-data', true],
  ['host=postgres user=shop', 'shop-data', true],
  ['postgresql', 'shop-data', false],
  ['postgres-exporter', 'shop-data', false],
])('%s in %s: %s', (text, namespace, expected) => expect(namesPlace(PLACE, namespace)(text)).toBe(expected));

test('a host outside of the cluster is named as it is', () => {
  const names = namesPlace({ host: 'db.example.com', port: 5432 }, 'shop');
  expect(names('postgres://db.example.com/x')).toBe(true);
  expect(names('postgres://olddb.example.com/x')).toBe(false);
  expect(names('postgres://dbxexample.com/x')).toBe(false);
});

function workload(kind: string, name: string, pod: object, more: object = {}): KubeObject {
  const template = { spec: pod };
  const spec = kind === 'CronJob' ? { jobTemplate: { spec: { template } }, ...more } : { template, ...more };
  return { apiVersion: 'x', kind, metadata: { name, namespace: 'shop' }, spec };
}
const env = (value: string) => ({ containers: [{ name: 'c', env: [{ name: 'DB', value }] }] });

test('by a value, by a Secret, by a ConfigMap in a volume, by a session; never the server itself, nor what does not run', () => {
  const secret = Buffer.from('postgres://shop@postgres.shop-data/shop').toString('base64');
  const owned = (kind: string, name: string) => [{ kind, name, uid: name, apiVersion: 'v1' }];
  const found = usersIn(
    productionPlan,
    {
      namespace: 'shop',
      workloads: [
        workload('Deployment', 'order-service', env('postgres.shop-data'), { replicas: 2 }),
        workload('Deployment', 'auth-service', { containers: [{ envFrom: [{ secretRef: { name: 'stores' } }] }] }),
        workload('CronJob', 'count', { volumes: [{ configMap: { name: 'urls' } }] }),
        workload('Deployment', 'connected', env('nothing')),
        workload('Deployment', 'other', env('redis.shop-data')),
        workload('Deployment', 'asleep', env('postgres.shop-data'), { replicas: 0 }),
        workload('StatefulSet', 'postgres', env('postgres.shop-data')),
      ],
      settings: [
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'stores' }, data: { URL: secret } },
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'urls' }, data: { db: 'postgres.shop-data' } },
      ],
      pods: [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'a', ownerReferences: owned('ReplicaSet', 'rs') },
          status: { podIP: '10.1.1.1' },
        },
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'b', ownerReferences: owned('StatefulSet', 'postgres') },
          status: { podIP: '10.1.1.2' },
        },
      ],
      replicaSets: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          metadata: { name: 'rs', ownerReferences: owned('Deployment', 'connected') },
        },
      ],
    },
    PLACE,
    { addresses: ['10.1.1.1'], own: ['10.1.1.2'] },
  );
  expect(found.map(({ name, replicas, tier }) => `${name} ${replicas} ${tier}`)).toEqual(
    ['order-service 2 P2', 'auth-service 1 P1', 'connected 1 P4', 'count 1 P4'].sort(
      (a, b) => found.findIndex(({ name }) => a.startsWith(name)) - found.findIndex(({ name }) => b.startsWith(name)),
    ),
  );
  expect(found).toHaveLength(4);
});

test.each([
  ['db', { host: 'db', port: undefined }],
  ['db.example.com:6432', { host: 'db.example.com', port: 6432 }],
])('--from %s', (text, expected) => expect(parseFrom(text)).toEqual(expected));

test.each(['', 'db:', 'db:99999', '-x', 'postgres://db/x', 'a b'])('--from %j is refused', (text) =>
  expect(() => parseFrom(text)).toThrow('DR-SOURCE-NAME'),
);

test('the domain of the cluster, and sizes of Kubernetes', () => {
  expect(domainIn('nameserver 10.0.0.10\nsearch a.svc.cluster.local svc.cluster.local cluster.local\n')).toBe(
    'cluster.local',
  );
  expect(domainIn('nameserver 10.0.0.10\n')).toBeUndefined();
  expect([bytesOf('50Gi'), bytesOf('1.5G'), bytesOf('7'), bytesOf('x')]).toEqual([50 * 2 ** 30, 1.5e9, 7, undefined]);
});
