import { describe, expect, test } from 'vitest';
import { type KubeObject, nameOf } from '../../../../recovery/kubernetes/objects.ts';
import { isTransient, leftOut } from '../../../../recovery/workloads/objects/leave-out.ts';
import { clusterWide, ownedBy, read, served, typeOf } from './make-object.ts';

/** Reasons of several objects that were read together. */
function reasonsOf(...objects: readonly KubeObject[]): (string | undefined)[] {
  const reasons = leftOut(objects.map(read));
  return objects.map((object) => reasons.get(nameOf(object)));
}

test.each([
  ['v1', 'Event'],
  ['events.k8s.io/v1', 'Event'],
  ['coordination.k8s.io/v1', 'Lease'],
  ['apps/v1', 'ControllerRevision'],
])('%s %s is not even read', (apiVersion, kind) => {
  expect(isTransient(typeOf(apiVersion, kind))).toBe(true);
  // A definition may use the same word for something that is to be kept.
  expect(isTransient(typeOf('example.com/v1', kind))).toBe(false);
});

test('children go with a controller that is there, down to the last', () => {
  const deployment = served('apps/v1', 'Deployment', 'api');
  const set = served('apps/v1', 'ReplicaSet', 'api-7f', { metadata: ownedBy(deployment) });
  const pod = served('v1', 'Pod', 'api-7f-x1', { metadata: ownedBy(set) });
  expect(reasonsOf(deployment, set, pod)).toEqual([undefined, 'generated', 'generated']);
  // Nobody would make them again.
  expect(reasonsOf(set)).toEqual([undefined]);
  expect(reasonsOf(served('v1', 'Pod', 'alone'))).toEqual([undefined]);
});

test('an owner that is no controller makes nothing', () => {
  const app = served('example.com/v1', 'App', 'shop');
  const owner = { kind: 'App', name: 'shop', uid: app.metadata.uid };
  const service = served('v1', 'Service', 'api', { metadata: { ownerReferences: [owner] } });
  expect(reasonsOf(app, service)).toEqual([undefined, undefined]);
});

test('jobs of a CronJob are made again; one of its own is kept until it has run', () => {
  const cron = served('batch/v1', 'CronJob', 'report');
  const child = served('batch/v1', 'Job', 'report-1', { metadata: ownedBy(cron) });
  const waiting = served('batch/v1', 'Job', 'load', {
    spec: { suspend: true },
    status: { conditions: [{ type: 'Suspended', status: 'True' }] },
  });
  const done = served('batch/v1', 'Job', 'done', { status: { completionTime: '2026-11-25T00:00:00Z' } });
  const failed = served('batch/v1', 'Job', 'failed', { status: { conditions: [{ type: 'Failed', status: 'True' }] } });
  expect(reasonsOf(cron, child, waiting, done, failed)).toEqual([
    undefined,
    'generated',
    undefined,
    'finished',
    'finished',
  ]);
});

test('what holds content is kept, whoever made it', () => {
  const certificate = served('cert-manager.io/v1', 'Certificate', 'shop');
  const kinds = ['Secret', 'ConfigMap', 'PersistentVolumeClaim'];
  const made = kinds.map((kind) => served('v1', kind, 'shop-tls', { metadata: ownedBy(certificate) }));
  expect(reasonsOf(certificate, ...made)).toEqual([undefined, undefined, undefined, undefined]);
});

describe('endpoints', () => {
  const selecting = served('v1', 'Service', 'api', { spec: { selector: { app: 'api' } } });
  const free = served('v1', 'Service', 'outside', { spec: {} });

  test('of a service with a selector are the cluster’s, others somebody wrote', () => {
    const [own, written] = ['api', 'outside'].map((name) => served('v1', 'Endpoints', name)) as [
      KubeObject,
      KubeObject,
    ];
    expect(reasonsOf(selecting, own, free, written)).toEqual([undefined, 'made-by-the-cluster', undefined, undefined]);
  });

  test('slices say who made them', () => {
    const slice = (name: string, labels: object) =>
      served('discovery.k8s.io/v1', 'EndpointSlice', name, { metadata: { labels } });
    const by = (maker: string) => slice(maker, { 'endpointslice.kubernetes.io/managed-by': maker });
    expect(
      reasonsOf(
        by('endpointslice-controller.k8s.io'),
        by('endpointslicemirroring-controller.k8s.io'),
        by('example.com'),
        slice('ours', {}),
      ),
    ).toEqual(['made-by-the-cluster', 'made-by-the-cluster', undefined, undefined]);
  });
});

test.each([
  ['the leader of old elections', { 'control-plane.alpha.kubernetes.io/leader': '{}' }],
  ['Patroni’s leader', { leader: 'postgres-0', ttl: '30', acquireTime: '', renewTime: '' }],
  [
    'Patroni’s configuration, with which a new cluster would never begin',
    { config: '{}', history: '[]', initialize: '7412' },
  ],
])('%s', (_, annotations) => {
  const state = served('v1', 'Endpoints', 'postgres', { metadata: { annotations } });
  expect(reasonsOf(state)).toEqual(['leader-election']);
});

test('a ConfigMap with data is no election, whatever its annotations are called', () => {
  const annotations = { config: 'a', history: 'b' };
  expect(reasonsOf(served('v1', 'ConfigMap', 'settings', { metadata: { annotations }, data: { a: '1' } }))).toEqual([
    undefined,
  ]);
});

test('tokens open nothing in another cluster; every other secret is kept', () => {
  const secret = (name: string, type: string) => served('v1', 'Secret', name, { type });
  expect(
    reasonsOf(
      secret('a', 'kubernetes.io/service-account-token'),
      secret('b', 'helm.sh/release.v1'),
      secret('c', 'kubernetes.io/tls'),
      secret('d', 'Opaque'),
    ),
  ).toEqual(['token', undefined, undefined, undefined]);
});

test('what each cluster makes for itself', () => {
  const plain = served('v1', 'ServiceAccount', 'default');
  const changed = {
    ...plain,
    metadata: { ...plain.metadata, namespace: 'tea' },
    imagePullSecrets: [{ name: 'registry' }],
  };
  const mirror = served('v1', 'Pod', 'etcd', { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } });
  expect(reasonsOf(served('v1', 'ConfigMap', 'kube-root-ca.crt'), plain, changed, mirror)).toEqual([
    'made-by-the-cluster',
    'made-by-the-cluster',
    undefined,
    'made-by-the-cluster',
  ]);
  const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
  const view = clusterWide('rbac.authorization.k8s.io/v1', 'ClusterRole', 'view', { metadata: { labels } });
  const critical = clusterWide('scheduling.k8s.io/v1', 'PriorityClass', 'system-node-critical');
  expect(reasonsOf(view, critical)).toEqual(['built-in', 'built-in']);
});

test('what is being deleted, held by a finalizer, would never go again', () => {
  const metadata = { deletionTimestamp: '2026-11-25T00:00:00Z', finalizers: ['example.com/hold'] };
  expect(reasonsOf(served('v1', 'ConfigMap', 'stuck', { metadata }))).toEqual(['being-deleted']);
});

test('the quota by which a failover stops a namespace would stop the next one too', () => {
  const quota = (name: string) => served('v1', 'ResourceQuota', name, { spec: { hard: { pods: '0' } } });
  expect(reasonsOf(quota('dr-fence'), quota('none'))).toEqual(['fence', undefined]);
});
