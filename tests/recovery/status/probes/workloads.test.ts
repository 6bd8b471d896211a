/** Whether workloads are ready, from what their controllers write. */
import { describe, expect, test } from 'vitest';
import { productionPlan as plan } from '../../../../plan/production.ts';
import {
  isHealthy,
  serviceOf,
  tierOf,
  unmappedHealth,
  type WorkloadState,
  wordsOfWorkload,
  workloadState,
} from '../../../../recovery/status/probes/workloads.ts';
import { served } from '../../workloads/objects/make-object.ts';

const selector = { matchLabels: { app: 'api' } };

const deployment = (replicas: number | undefined, status: object, name = 'order-service') =>
  served('apps/v1', 'Deployment', name, {
    metadata: { generation: 3 },
    spec: { ...(replicas === undefined ? {} : { replicas }), selector },
    status: { observedGeneration: 3, ...status },
  });

const pod = (name: string, status: object, labels: object = { app: 'api' }) =>
  served('v1', 'Pod', name, { metadata: { labels }, status });

const stateOf = (object: ReturnType<typeof served>, ...pods: ReturnType<typeof served>[]): WorkloadState =>
  workloadState(plan, object, pods);

describe('a workload', () => {
  test.each([
    ['as many as wanted', deployment(2, { readyReplicas: 2 }), true, '2 of 2 pods ready'],
    ['more than wanted, in a rolling update', deployment(2, { readyReplicas: 3 }), true, '3 of 2 pods ready'],
    ['without a number it wants one', deployment(undefined, { readyReplicas: 1 }), true, '1 of 1 pods ready'],
    ['one is missing', deployment(2, { readyReplicas: 1 }), false, '1 of 2 pods ready'],
    ['its status is empty', deployment(2, {}), false, '0 of 2 pods ready'],
    [
      'the numbers are of before the last change',
      deployment(2, { observedGeneration: 2, readyReplicas: 2 }),
      false,
      'has not observed the newest change',
    ],
    ['no controller has seen it', deployment(2, { observedGeneration: undefined }), false, 'has not seen'],
  ])('%s', (_, object, well, words) => {
    const state = stateOf(object);
    expect(isHealthy(state)).toBe(well);
    expect(wordsOfWorkload(state)).toContain(words);
  });

  test('of a DaemonSet wants what its controller counted', () => {
    const status = { observedGeneration: 1, desiredNumberScheduled: 3, numberReady: 2 };
    const state = stateOf(served('apps/v1', 'DaemonSet', 'logging', { spec: { selector }, status }));
    expect(state).toMatchObject({ wanted: 3, ready: 2, match: { service: 'logging', tier: 'P4' } });
  });

  test('says why its pods are not ready, of its own pods alone', () => {
    const waiting = (reason: string) => ({ containerStatuses: [{ ready: false, state: { waiting: { reason } } }] });
    const state = stateOf(
      deployment(5, { readyReplicas: 1 }),
      pod('a', { conditions: [{ type: 'Ready', status: 'True' }], ...waiting('Nonsense') }),
      pod('b', waiting('ImagePullBackOff')),
      pod('c', { initContainerStatuses: [{ ready: false, state: { terminated: { reason: 'OOMKilled' } } }] }),
      pod('d', { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] }),
      pod('e', { containerStatuses: [{ ready: false, state: { running: {} } }] }),
      pod('other', waiting('CrashLoopBackOff'), { app: 'web' }),
    );
    expect(wordsOfWorkload(state)).toBe(
      'Deployment shop/order-service: 1 of 5 pods ready (ImagePullBackOff, OOMKilled, Unschedulable, runs and is not ready)',
    );
  });
});

describe('a service', () => {
  const ready = stateOf(deployment(2, { readyReplicas: 2 }));
  const broken = stateOf(deployment(2, { readyReplicas: 0 }));
  const off = stateOf(deployment(0, {}));

  test.each([
    ['with nothing in the cluster is unknown', [], undefined],
    ['is well when all of it is', [ready, ready], true],
    ['is not when a part is not', [ready, broken], false],
    ['may have a part that is switched off', [ready, off], true],
    ['that is switched off is none', [off], false],
    ['whose switching on nobody has seen is not well', [{ ...off, current: false }], false],
  ])('%s', (_, states, well) => {
    expect(serviceOf(states).well).toBe(well);
  });

  test('that is scaled to 0 says so', () => {
    expect(serviceOf([off]).fact).toBe('Deployment shop/order-service is scaled to 0');
  });
});

test('what the plan doesn’t know belongs to the last tier', () => {
  const state = stateOf(deployment(1, { readyReplicas: 1 }, 'debug-shell'));
  expect([state.match, tierOf(plan, state)]).toEqual([undefined, 'P4']);
  expect(unmappedHealth(state)).toEqual({
    well: true,
    fact: 'Deployment shop/debug-shell: 1 of 1 pods ready; not a service of the plan',
  });
  expect(unmappedHealth({ ...state, ready: 0 }).well).toBe(false);
  expect(unmappedHealth({ ...state, wanted: 0 }).well).toBeUndefined();
});
