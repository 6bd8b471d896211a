import { expect, test } from 'vitest';
import type { KubeObject } from '../../../../../recovery/kubernetes/objects.ts';
import { volumeGaps } from '../../../../../recovery/workloads/objects/gaps/volumes.ts';
import { clusterWide, served } from '../make-object.ts';

const gaps = (...objects: readonly KubeObject[]) => volumeGaps(objects).map(({ what }) => what);

function claim(spec: object, annotations: object = {}): KubeObject {
  return served('v1', 'PersistentVolumeClaim', 'data', { metadata: { annotations }, spec });
}

const DRIVEN = { 'volume.kubernetes.io/storage-provisioner': 'disks.example.com' };

test('a volume that somebody made by hand is named, one that its driver makes again is not', () => {
  const fast = clusterWide('storage.k8s.io/v1', 'StorageClass', 'fast', { provisioner: 'disks.example.com' });
  const local = clusterWide('storage.k8s.io/v1', 'StorageClass', 'local', {
    provisioner: 'kubernetes.io/no-provisioner',
  });
  expect(gaps(fast, claim({ storageClassName: 'fast', volumeName: 'pv-1' }, DRIVEN))).toEqual([]);
  expect(gaps(fast, claim({ storageClassName: 'fast' }))).toEqual([]);
  expect(gaps(claim({ storageClassName: '', volumeName: 'nfs-share' }))).toEqual(['PersistentVolume nfs-share']);
  expect(gaps(local, claim({ storageClassName: 'local', volumeName: 'disk-3' }, DRIVEN))).toEqual([
    'PersistentVolume disk-3',
  ]);
});

function withVolume(kind: string, volume: object): KubeObject {
  return served('apps/v1', kind, 'db', { spec: { template: { spec: { volumes: [{ name: 'v', ...volume }] } } } });
}

test.each<[string, object, string[]]>([
  ['Deployment', { hostPath: { path: '/srv/data' } }, ['content of hostPath /srv/data']],
  ['StatefulSet', { nfs: { server: '10.0.0.4', path: '/exports/shop' } }, ['content of nfs 10.0.0.4:/exports/shop']],
  ['Deployment', { hostPath: { path: '/etc/localtime' } }, []],
  ['Deployment', { hostPath: { path: '/var/run/docker.sock' } }, []],
  ['DaemonSet', { hostPath: { path: '/srv/data' } }, []],
  ['Deployment', { emptyDir: {} }, []],
  ['Deployment', { persistentVolumeClaim: { claimName: 'data' } }, []],
])('%s with %j', (kind, volume, names) => {
  expect(gaps(withVolume(kind, volume))).toEqual(names);
});
