/** Why a pod does not start, by what a cluster says of it. The texts are Kubernetes 1.34's own. */
import { expect, test } from 'vitest';
import type { KubeObject } from '../../../../recovery/kubernetes/objects.ts';
import { type Seen, troublesIn } from '../../../../recovery/kubernetes/troubles/trouble.ts';

const SINCE = new Date('2026-11-23T02:00:00Z');

function object(kind: string, name: string, fields: object = {}): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'shop', uid: `uid ${name}` }, ...fields };
}

const pod = (status: object): KubeObject => object('Pod', 'orders-0', { status });

const event = (of: string, reason: string, message: string, at = '2026-11-23T02:01:00Z', kind = 'Pod'): KubeObject =>
  object('Event', `${of}.1`, {
    involvedObject: { kind, namespace: 'shop', name: of, uid: `uid ${of}` },
    reason,
    message,
    type: 'Warning',
    lastTimestamp: at,
  });

const look = (seen: Partial<Seen>) => troublesIn({ pods: [], claims: [], events: [], since: SINCE, ...seen });

const waiting = (reason: string, message: string) =>
  pod({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'True' }],
    containerStatuses: [{ name: 'orders', image: 'registry.test/orders:1', state: { waiting: { reason, message } } }],
  });

test('no node has room: the scheduler’s words', () => {
  const message = '0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {x: }.';
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
  expect(look({ pods: [pod({ phase: 'Pending', conditions })] })).toEqual([
    { object: 'pod shop/orders-0', reason: `Unschedulable: ${message}` },
  ]);
});

test('the node of its volume has no room: what a rule of the scheduler means here', () => {
  const message =
    "0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't match pod affinity rules. preemption: 0/3 nodes are available";
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
  const [found] = look({ pods: [pod({ phase: 'Pending', conditions })] });
  expect(found?.hint).toContain('shares a volume with pods of another node');
});

test.each([
  ['Back-off pulling image "registry.test/orders:1": ErrImagePull: rpc error: code = NotFound desc = not found', true],
  ['failed to pull and unpack image: manifest unknown', true],
  ['dial tcp 10.0.0.9:443: connect: connection refused', false],
  ['429 Too Many Requests', false],
])('of an image: %s', (message, forGood) => {
  const [found] = look({ pods: [waiting('ImagePullBackOff', message)] });
  expect(found?.reason).toBe(`ImagePullBackOff: ${message}`);
  expect(found?.hint !== undefined).toBe(forGood);
  if (forGood) expect(found?.hint).toContain('registry.test/orders:1');
});

test('a container that is being created is no trouble, and its events of mounts are', () => {
  const creating = waiting('ContainerCreating', '');
  expect(look({ pods: [creating] })).toEqual([]);
  const events = [
    event('orders-0', 'FailedMount', 'MountVolume.SetUp failed for volume "keys" : secret "dr-keys" not found'),
    event('orders-0', 'Pulling', 'Pulling image'),
    event('other-0', 'FailedMount', 'is not of this pod'),
  ];
  expect(look({ pods: [creating], events })).toEqual([
    {
      object: 'pod shop/orders-0',
      reason: 'FailedMount: MountVolume.SetUp failed for volume "keys" : secret "dr-keys" not found',
    },
  ]);
});

test('a pod that runs, has ended or is being deleted holds nothing up, whatever happened before', () => {
  const events = [event('orders-0', 'FailedMount', 'an hour ago')];
  const running = pod({ phase: 'Running', containerStatuses: [{ name: 'orders', state: { running: {} } }] });
  const going = waiting('ImagePullBackOff', 'not found');
  const deleted = { ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-11-23T02:00:00Z' } };
  expect(look({ pods: [running, pod({ phase: 'Succeeded' }), deleted], events })).toEqual([]);
});

test('a claim of a class that does not exist waits for good; one whose class may not be listed is told by its event', () => {
  const claim = object('PersistentVolumeClaim', 'data', {
    spec: { storageClassName: 'fast' },
    status: { phase: 'Pending' },
  });
  const message = 'storageclass.storage.k8s.io "fast" not found';
  const events = [event('data', 'ProvisioningFailed', message, undefined, 'PersistentVolumeClaim')];
  expect(look({ claims: [claim], events, classes: ['standard'] })).toEqual([
    {
      object: 'claim shop/data',
      reason: 'the storage class "fast" does not exist',
      hint: expect.stringContaining('the cluster has standard'),
    },
  ]);
  expect(look({ claims: [claim], events })).toEqual([
    { object: 'claim shop/data', reason: `ProvisioningFailed: ${message}` },
  ]);
  // It waits for its first consumer, as it should.
  expect(look({ claims: [claim], classes: ['fast'] })).toEqual([]);
});

test('pods that a quota or Pod Security refuses are told by their owner’s event; one of an earlier wait is not', () => {
  const message =
    'pods "dr-full-x" is forbidden: exceeded quota: platform, requested: pods=1, used: pods=20, limited: pods=20';
  const events = [
    event('dr-full', 'FailedCreate', message, undefined, 'Job'),
    event('dr-old', 'FailedCreate', message, '2026-11-22T02:00:00Z', 'Job'),
  ];
  expect(look({ events })).toEqual([{ object: 'job shop/dr-full', reason: `FailedCreate: ${message}` }]);
});
