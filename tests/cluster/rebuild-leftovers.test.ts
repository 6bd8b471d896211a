/** What a rebuild would find in its way, as a real API server tells it. */
import { expect, test } from 'vitest';
import type { ResourceEvent } from '../../recovery/pulumi/engine.ts';
import { readLeftovers } from '../../recovery/rebuild/leftovers/read.ts';
import { samplePin } from '../recovery/rebuild/sample-pin.ts';
import { oneServer } from './one-server.ts';

const MARK = { 'go-coffee-dr/owner': 'stack' };
const RBAC = 'rbac.authorization.k8s.io/v1';

const own = oneServer('leftovers', async (server) => {
  const own = { name: 'dr-capture-go-coffee-dr', labels: MARK };
  await server.create({ apiVersion: RBAC, kind: 'ClusterRole', metadata: own, rules: [] });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: own.name };
  await server.create({ apiVersion: RBAC, kind: 'ClusterRoleBinding', metadata: own, roleRef });
});

function create(type: string, name: string, namespace?: string): ResourceEvent {
  const kind = type.split(':').at(-1) ?? '';
  const object = { kind, name, labels: {}, ...(namespace && { namespace }) };
  return { state: 'done', op: 'create', urn: `urn:${type}:${name}`, type, name, object };
}

const EVENTS = [
  create('kubernetes:core/v1:Namespace', 'go-coffee'),
  create('kubernetes:core/v1:Namespace', 'go-coffee-dr'),
  create(`kubernetes:${RBAC}:ClusterRole`, 'dr-capture-go-coffee-dr'),
  create(`kubernetes:${RBAC}:ClusterRoleBinding`, 'dr-capture-go-coffee-dr'),
  create('kubernetes:core/v1:ConfigMap', 'settings', 'go-coffee'),
  create('kubernetes:apps/v1:Deployment', 'orders', 'go-coffee'),
  create('kubernetes:example.com/v1:Widget', 'not-served-yet', 'go-coffee'),
];

const pin = samplePin(1, 'latest', 'secondary');
const site = pin.postgres.lineage.replace(/-\d+$/, '');
const MADE = { namespaces: { platform: 'go-coffee', recovery: 'go-coffee-dr', existing: [] }, pin };

async function look() {
  await using cluster = await own.server.connect();
  return readLeftovers(cluster, MADE, { environment: 'production' }, EVENTS);
}

const ROLES = ['ClusterRole/dr-capture-go-coffee-dr', 'ClusterRoleBinding/dr-capture-go-coffee-dr'];

test('roles and bindings of a stack whose namespaces are gone are taken over', async () => {
  const { takenOver, inTheWay } = await look();
  expect([takenOver.toSorted(), inTheWay]).toEqual([ROLES, []]);
});

test('a namespace of the lost stack that is left without pods goes with them; objects of others in it do not', async () => {
  await own.server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'go-coffee-dr', labels: MARK } });
  await own.server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'go-coffee', labels: MARK } });
  const data = { 'dr.yaml': `name: production\nsite: ${site}\n` };
  const environment = { name: 'dr-environment', namespace: 'go-coffee-dr', labels: MARK };
  await own.server.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: environment, data });
  const settings = { name: 'settings', namespace: 'go-coffee' };
  await own.server.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: settings, data: {} });
  const { takenOver, inTheWay } = await look();
  expect(takenOver.toSorted()).toEqual([...ROLES, 'Namespace/go-coffee', 'Namespace/go-coffee-dr']);
  expect(inTheWay.map(({ name }) => name)).toEqual(['ConfigMap/go-coffee/settings']);
});

test('while one pod of it runs, nothing is taken over', async () => {
  const spec = { containers: [{ name: 'dr', image: 'registry.test/toolbox:1' }] };
  const metadata = { name: 'dr-monitor-1-x', namespace: 'go-coffee-dr', labels: MARK };
  await own.server.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
  const { takenOver, inTheWay } = await look();
  expect(takenOver).toEqual([]);
  expect(inTheWay.map(({ reason }) => reason)).toContain(
    'the stack of the namespace go-coffee-dr still runs: dr-monitor-1-x',
  );
});
