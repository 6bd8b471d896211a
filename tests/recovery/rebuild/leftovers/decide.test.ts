/** What an `up` would find in its way: what the lost stack has left, and what is somebody else's. */
import { expect, test } from 'vitest';
import type { KubeObject } from '../../../../recovery/kubernetes/objects.ts';
import { decideLeftovers, type FoundNamespace } from '../../../../recovery/rebuild/leftovers/decide.ts';

const MARK = { 'go-coffee-dr/owner': 'stack' };
const LOST = 'production of site us-east-1';

function object(kind: string, name: string, labels: Record<string, string> = MARK, namespace?: string): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, labels, ...(namespace && { namespace }) } };
}

const ROLE = object('ClusterRole', 'dr-capture-go-coffee-dr');
const GONE: FoundNamespace = { name: 'go-coffee', object: undefined, pods: [], claims: [] };
const LEFT: FoundNamespace = {
  name: 'go-coffee-dr',
  object: object('Namespace', 'go-coffee-dr'),
  pods: [],
  claims: [],
  of: LOST,
};

const decide = (existing: readonly KubeObject[], ...namespaces: readonly FoundNamespace[]) =>
  decideLeftovers({ existing, namespaces, lost: LOST });

test('what is marked is taken over where the namespaces of the stack are gone, or left without pods and volumes', () => {
  expect(decide([ROLE], GONE)).toEqual({ takenOver: ['ClusterRole/dr-capture-go-coffee-dr'], inTheWay: [] });
  const settings = object('ConfigMap', 'recovery-plan', MARK, 'go-coffee-dr');
  expect(decide([ROLE, settings], GONE, LEFT).takenOver).toEqual([
    'ClusterRole/dr-capture-go-coffee-dr',
    'ConfigMap/go-coffee-dr/recovery-plan',
  ]);
});

test.each<[string, Partial<FoundNamespace>, string]>([
  ['still runs', { pods: ['dr-monitor-1-x'] }, 'the stack of the namespace go-coffee-dr still runs: dr-monitor-1-x'],
  ['has volumes', { claims: ['data-postgres-0'] }, 'holds volumes of another generation: data-postgres-0'],
  ['is of another stack', { of: 'staging of site lab' }, `is of staging of site lab, and ${LOST} is rebuilt`],
  ['is nobody’s', { object: object('Namespace', 'go-coffee-dr', {}) }, 'is not of a stack'],
  [
    'goes',
    { object: { ...ROLE, metadata: { ...ROLE.metadata, deletionTimestamp: '2026-11-23T02:00:00Z' } } },
    'is being deleted: wait until it is gone',
  ],
])('nothing is taken over where the namespace %s', (_, found, reason) => {
  expect(decide([ROLE], GONE, { ...LEFT, ...found })).toEqual({
    takenOver: [],
    inTheWay: [{ name: 'ClusterRole/dr-capture-go-coffee-dr', reason: expect.stringContaining(reason) }],
  });
});

test('what has no mark is never taken over', () => {
  const orders = object('Deployment', 'orders', { app: 'orders' }, 'go-coffee');
  expect(decide([ROLE, orders], GONE, LEFT)).toEqual({
    takenOver: ['ClusterRole/dr-capture-go-coffee-dr'],
    inTheWay: [{ name: 'Deployment/go-coffee/orders', reason: expect.stringContaining('no mark of a stack') }],
  });
});
