import { expect, test } from 'vitest';
import type { KubeObject } from '../../../recovery/kubernetes/objects.ts';
import { verdictOfCaptured, verdictOfLive } from '../../../recovery/put-back/left-out.ts';
import { isNothing, isWhole } from '../../../recovery/put-back/text.ts';
import type { PutBack } from '../../../recovery/put-back/types.ts';
import { availability } from '../../../recovery/put-back/wait.ts';

const object = (metadata: object = {}, more: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api', namespace: 'shop', ...metadata },
  ...more,
});
const bounds = { namespaces: ['shop', 'tea'], closed: new Map([['tea', 'dr-isolation']]) };

test.each([
  ['one of the platform', object(), undefined],
  ['one of the cluster', object({ namespace: undefined }), undefined],
  ['the stack’s own', object({ labels: { 'go-coffee-dr/owner': 'stack' } }), 'left-out'],
  ['one of another namespace', object({ namespace: 'billing' }), 'refused'],
  [
    'a namespace of somebody else',
    { ...object({ name: 'billing', namespace: undefined }), kind: 'Namespace' },
    'refused',
  ],
  ['one of a closed namespace', object({ namespace: 'tea' }), 'refused'],
])('captured: %s', (_, captured, fate) => {
  expect(verdictOfCaptured(captured, bounds)?.fate).toBe(fate);
});

const owner = (controller: boolean) => ({ ownerReferences: [{ kind: 'Widget', name: 'w', uid: '1', controller }] });
test.each([
  ['nobody’s', object(), undefined],
  ['a controller’s', object(owner(true)), 'left-out'],
  ['one that goes with another, and that nobody controls', object(owner(false)), undefined],
  ['one that is being deleted', object({ deletionTimestamp: '2026-11-25T02:00:00Z' }), 'refused'],
  [
    'one that a failover has stopped',
    object({ annotations: { 'go-coffee-dr/replicas-before-fence': '3' } }),
    'refused',
  ],
  [
    'one that a failover has suspended',
    object({ annotations: { 'go-coffee-dr/suspended-by-fence': 'true' } }),
    'refused',
  ],
])('live: %s', (_, live, fate) => {
  expect(verdictOfLive(live)?.fate).toBe(fate);
});

test.each([
  [
    'all up',
    { spec: { replicas: 2 }, status: { observedGeneration: 3, updatedReplicas: 2, availableReplicas: 2 } },
    true,
  ],
  [
    'of the version before',
    { spec: { replicas: 2 }, status: { observedGeneration: 3, updatedReplicas: 1, availableReplicas: 2 } },
    false,
  ],
  [
    'not seen yet',
    { spec: { replicas: 2 }, status: { observedGeneration: 2, updatedReplicas: 2, availableReplicas: 2 } },
    false,
  ],
  ['no status at all', { spec: { replicas: 2 } }, false],
  ['scaled to zero', { spec: { replicas: 0 }, status: { observedGeneration: 3 } }, true],
  [
    'replaced only when somebody deletes them',
    {
      spec: { replicas: 2, updateStrategy: { type: 'OnDelete' } },
      status: { observedGeneration: 3, availableReplicas: 2 },
    },
    true,
  ],
])('available: %s', (_, more, expected) => {
  expect(availability(object({ generation: 3 }, more)).available).toBe(expected);
});

test('a DaemonSet is as many as its nodes', () => {
  const daemons = (numberAvailable: number) => ({
    ...object({ generation: 1 }),
    kind: 'DaemonSet',
    status: { observedGeneration: 1, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable },
  });
  expect(availability(daemons(2))).toEqual({ available: false, detail: '2 of 3 available' });
  expect(availability(daemons(3)).available).toBe(true);
});

test('whole is only what was chosen, all of it, as it was captured', () => {
  const put = (more: Partial<PutBack>): PutBack => ({
    ...{ name: 'x', byName: true, conflicts: [], notes: [], became: 'changed', stays: [] },
    ...more,
  });
  const whole = (...objects: readonly PutBack[]) => isWhole({ objects, waits: [] });
  expect(whole(put({}), put({ became: 'unchanged' }), put({ became: 'left-out', byName: false }))).toBe(true);
  expect(whole(put({}), put({ became: 'left-out' }))).toBe(false);
  expect(whole(put({}), put({ became: 'conflict' }))).toBe(false);
  expect(whole(put({ stays: ['data.x (team)'] }))).toBe(false);
  expect(isWhole({ objects: [put({})], waits: [{ name: 'x', available: false, detail: '' }] })).toBe(false);
  expect(isNothing({ objects: [put({ became: 'conflict' }), put({ became: 'failed' })], waits: [] })).toBe(true);
  expect(isNothing({ objects: [put({ became: 'conflict' }), put({})], waits: [] })).toBe(false);
});
