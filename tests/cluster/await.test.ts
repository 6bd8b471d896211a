import { describe, expect, it } from 'vitest';
import type { Manifest } from './api.ts';
import { readiness } from './await.ts';

const live = (kind: string, status: object, spec: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', generation: 2 } as Manifest['metadata'],
  spec,
  status,
});

describe('an object counts as ready', () => {
  it.each([
    ['Deployment', { observedGeneration: 2, updatedReplicas: 1, availableReplicas: 1 }, {}],
    ['StatefulSet', { observedGeneration: 2, updatedReplicas: 2, readyReplicas: 2 }, { replicas: 2 }],
    ['StatefulSet', { observedGeneration: 2 }, { replicas: 0 }],
    ['Job', { conditions: [{ type: 'Complete', status: 'True' }] }, {}],
    ['PersistentVolumeClaim', { phase: 'Bound' }, {}],
    ['CustomResourceDefinition', { conditions: [{ type: 'Established', status: 'True' }] }, {}],
    ['ConfigMap', {}, {}],
  ])('%s %j', (kind, status, spec) => {
    expect(readiness(live(kind, status, spec))).toEqual({ state: 'ready' });
  });
});

describe('an object is waited for', () => {
  it.each([
    // The status is of what was declared before.
    ['Deployment', { observedGeneration: 1, updatedReplicas: 1, availableReplicas: 1 }, {}],
    ['Deployment', { observedGeneration: 2, updatedReplicas: 1 }, {}],
    ['StatefulSet', { observedGeneration: 2, updatedReplicas: 2, readyReplicas: 1 }, { replicas: 2 }],
    ['Job', { failed: 1, conditions: [{ type: 'Complete', status: 'False' }] }, {}],
    ['PersistentVolumeClaim', { phase: 'Pending' }, {}],
    ['CustomResourceDefinition', { conditions: [{ type: 'NamesAccepted', status: 'True' }] }, {}],
  ])('%s %j', (kind, status, spec) => {
    expect(readiness(live(kind, status, spec)).state).toBe('waiting');
  });
});

it('a Job that has failed is not waited for, and says why', () => {
  const conditions = [{ type: 'Failed', status: 'True', reason: 'DeadlineExceeded', message: 'too long' }];
  expect(readiness(live('Job', { conditions }))).toEqual({ state: 'failed', why: 'DeadlineExceeded: too long' });
});
