import { expect, test } from 'vitest';
import { gapLines } from '../../../../recovery/workloads/objects/gaps/gap.ts';
import { leftOut } from '../../../../recovery/workloads/objects/leave-out.ts';
import { operatorGaps, operatorsOf } from '../../../../recovery/workloads/objects/operators.ts';
import { clusterWide, ownedBy, read, served } from './make-object.ts';

const running = (image: string) =>
  served('apps/v1', 'Deployment', 'operator', { spec: { template: { spec: { containers: [{ name: 'o', image }] } } } });

test.each([
  ['postgresql.cnpg.io/v1', 'Cluster', 'CloudNativePG', 'ghcr.io/cloudnative-pg/cloudnative-pg:1.27.0', true],
  ['acid.zalan.do/v1', 'postgresql', 'Zalando postgres-operator', 'ghcr.io/zalando/postgres-operator:v1.14.0', true],
  [
    'postgres-operator.crunchydata.com/v1beta1',
    'PostgresCluster',
    'Crunchy PGO',
    'registry.developers.crunchydata.com/crunchydata/postgres-operator:ubi9-5.8.0',
    true,
  ],
  ['kafka.strimzi.io/v1beta2', 'Kafka', 'Strimzi', 'quay.io/strimzi/operator:0.48.0', true],
  ['cert-manager.io/v1', 'Certificate', 'cert-manager', 'quay.io/jetstack/cert-manager-controller:v1.19.0', false],
  [
    'redis.redis.opstreelabs.in/v1beta2',
    'RedisCluster',
    'Redis Operator (OT-CONTAINER-KIT)',
    'ghcr.io/ot-container-kit/opstree/redis-operator:v0.22.0',
    true,
  ],
  [
    'databases.spotahome.com/v1',
    'RedisFailover',
    'Redis Operator (Spotahome)',
    'quay.io/spotahome/redis-operator:v1.3.0',
    true,
  ],
])('%s %s is of %s', (apiVersion, kind, name, image, holdsData) => {
  const resource = served(apiVersion, kind, 'main');
  expect(operatorsOf([resource])).toEqual([name]);
  const apart = operatorGaps([resource]).map(({ what }) => what);
  expect(apart.filter((what) => what === `${name} itself`)).toHaveLength(1);
  expect(apart.filter((what) => what.startsWith('data of '))).toHaveLength(holdsData ? 1 : 0);
  const beside = operatorGaps([resource, running(image)]).map(({ what }) => what);
  expect(beside.filter((what) => what.endsWith('itself'))).toEqual([]);
  expect(beside.filter((what) => what.startsWith('data of '))).toHaveLength(holdsData ? 1 : 0);
});

test('without a custom resource nothing waits for an operator', () => {
  const definition = clusterWide('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'clusters.postgresql.cnpg.io');
  expect(operatorGaps([definition, served('apps/v1', 'Deployment', 'api')])).toEqual([]);
});

test('where its data is stands with the resource', () => {
  expect(gapLines(operatorGaps([served('kafka.strimzi.io/v1beta2', 'Kafka', 'events')]), 'manifests')).toEqual([
    'Strimzi itself: Kafka.kafka.strimzi.io shop/events waits for it, and it does not run in the captured namespaces: install it before, or capture its namespace too',
    'data of Kafka.kafka.strimzi.io shop/events: Strimzi keeps it on volumes of its own, and makes an empty one of the copy unless the resource itself names a backup of Strimzi',
  ]);
});

test('an empty volume on which CloudNativePG once noted a database would never become an instance', () => {
  const cluster = served('postgresql.cnpg.io/v1', 'Cluster', 'ledger');
  const claims = [
    served('v1', 'PersistentVolumeClaim', 'ledger-1', { metadata: ownedBy(cluster) }),
    served('v1', 'PersistentVolumeClaim', 'of-a-set', { metadata: ownedBy(served('apps/v1', 'StatefulSet', 's')) }),
    served('v1', 'PersistentVolumeClaim', 'alone'),
  ];
  const pod = served('v1', 'Pod', 'p');
  const scratch = served('v1', 'PersistentVolumeClaim', 'p-scratch', { metadata: ownedBy(pod) });
  const reasons = leftOut([cluster, pod, scratch, ...claims].map(read));
  expect([...reasons]).toEqual([
    ['PersistentVolumeClaim shop/p-scratch', 'generated'],
    ['PersistentVolumeClaim shop/ledger-1', 'generated'],
  ]);
});
