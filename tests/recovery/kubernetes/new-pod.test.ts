/** A connection that a network refuses to a pod that has just begun. */
import { expect, test, vi } from 'vitest';
import { retryInNewPod } from '../../../recovery/kubernetes/new-pod.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' });
const denied = Object.assign(new Error('password authentication failed'), { code: '28P01' });
const begun = { isPod: true, uptime: () => 1 };

test('retries until the network lets the connection through', async () => {
  const connect = vi.fn().mockRejectedValueOnce(refused).mockResolvedValue('connected');
  expect(await retryInNewPod(connect, begun)).toBe('connected');
  expect(connect).toHaveBeenCalledTimes(2);
});

test.each([
  ['what a server says itself is its answer', denied, begun],
  ['later nobody is waited for', refused, { isPod: true, uptime: () => 31 }],
  ['no host but a pod waits', refused, { isPod: false, uptime: () => 1 }],
])('%s', async (_, error, age) => {
  const connect = vi.fn().mockRejectedValue(error);
  await expect(retryInNewPod(connect, age)).rejects.toBe(error);
  expect(connect).toHaveBeenCalledTimes(1);
});

test('stops retrying when the pod is no longer new', async () => {
  let seconds = 29;
  const connect = vi.fn().mockRejectedValue(refused);
  await expect(retryInNewPod(connect, { isPod: true, uptime: () => seconds++ })).rejects.toBe(refused);
  expect(connect).toHaveBeenCalledTimes(2);
});
