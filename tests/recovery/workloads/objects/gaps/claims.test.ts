import { expect, test } from 'vitest';
import { OWN_LABEL } from '../../../../../plan/layout.ts';
import type { KubeObject } from '../../../../../recovery/kubernetes/objects.ts';
import { type Covered, claimGaps } from '../../../../../recovery/workloads/objects/gaps/claims.ts';
import { clusterWide, ownedBy, served } from '../make-object.ts';

const claim = (name: string, metadata: object = {}) => served('v1', 'PersistentVolumeClaim', name, { metadata });
const set = (name: string, labels: object = {}) =>
  served('apps/v1', 'StatefulSet', name, {
    metadata: { labels },
    spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] },
  });

function uncovered(read: readonly KubeObject[], covered: Covered = {}): string[] {
  const backedUp = [{ id: 'uploads' }, { id: 'postgres' }];
  const snapshotClasses = new Map<string, string>();
  return claimGaps({ read, operators: ['CloudNativePG'], snapshotClasses, covered, backedUp }).map(({ what }) => what);
}

test('every claim that no workload is said to hold', () => {
  expect(uncovered([claim('uploads'), claim('cache')])).toEqual([
    'content of PersistentVolumeClaim shop/uploads',
    'content of PersistentVolumeClaim shop/cache',
  ]);
});

test.each<[string, Covered, boolean]>([
  ['by its name', { 'data-db-0': 'postgres' }, true],
  ['with its namespace', { 'shop/data-db-0': 'postgres' }, true],
  ['of another namespace', { 'other/data-db-0': 'postgres' }, false],
  ['by a pattern', { 'data-db-*': 'postgres' }, true],
  ['by a pattern of another', { 'data-*-1': 'postgres' }, false],
  ['by a dot that is a dot', { 'data.db.0': 'postgres' }, false],
  ['by a workload that this site does not back up', { 'data-db-0': 'event-store' }, false],
  ['as not needed', { 'data-db-0': 'none' }, true],
])('covered %s: %j is %s', (_, covered, isCovered) => {
  expect(uncovered([claim('data-db-0')], covered)).toHaveLength(isCovered ? 0 : 1);
});

test('a name without its namespace covers nothing where two have one of that name', () => {
  const both = [claim('uploads'), claim('uploads', { namespace: 'billing' })];
  expect(uncovered(both, { uploads: 'uploads' })).toHaveLength(2);
  expect(uncovered(both, { 'shop/uploads': 'uploads' })).toEqual(['content of PersistentVolumeClaim billing/uploads']);
});

test('a claim of a set and one of an operator say who made them', () => {
  expect(uncovered([set('db'), claim('data-db-0'), claim('data-db-0-extra')])).toEqual([
    'content of PersistentVolumeClaim shop/data-db-0 (StatefulSet.apps shop/db made it)',
    'content of PersistentVolumeClaim shop/data-db-0-extra',
  ]);
  expect(uncovered([claim('ledger-1', { labels: { 'cnpg.io/cluster': 'ledger' } })])).toEqual([
    'content of PersistentVolumeClaim shop/ledger-1 (CloudNativePG made it for ledger)',
  ]);
});

test('beside a stack it is said how to copy it', () => {
  const read = [served('v1', 'PersistentVolumeClaim', 'uploads')];
  const common = { read, operators: [], covered: {}, backedUp: [], snapshotClasses: new Map<string, string>() };
  expect(claimGaps({ ...common, inStack: true })[0]?.why).toBe(
    'no workload holds its content: it comes back empty; to copy it, name it in volumes of the stack’s config',
  );
});

test('a driver that can make snapshots of it is named', () => {
  const fast = clusterWide('storage.k8s.io/v1', 'StorageClass', 'fast', { provisioner: 'disks.example.com' });
  const uploads = served('v1', 'PersistentVolumeClaim', 'uploads', { spec: { storageClassName: 'fast' } });
  const common = { read: [fast, uploads], operators: [], covered: {}, backedUp: [] };
  const why = (snapshotClasses: ReadonlyMap<string, string>) => claimGaps({ ...common, snapshotClasses })[0]?.why;
  expect(why(new Map())).toBe('no workload holds its content: it comes back empty');
  expect(why(new Map([['disks.example.com', 'hourly']]))).toBe(
    'no workload holds its content: it comes back empty; disks.example.com can make snapshots of it (VolumeSnapshotClass hourly)',
  );
});

test('the stack’s own volumes, those that a pod makes for itself, and those on their way out are not counted', () => {
  const own = { [OWN_LABEL]: 'stack' };
  const pod = served('v1', 'Pod', 'p');
  const leaving = claim('old', { deletionTimestamp: '2026-11-25T00:00:00Z' });
  expect(
    uncovered([set('postgres', own), claim('data-postgres-0'), claim('p-scratch', ownedBy(pod)), leaving]),
  ).toEqual([]);
});
