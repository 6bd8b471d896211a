import { expect, test } from 'vitest';
import type { KubeObject } from '../../../../../recovery/kubernetes/objects.ts';
import { gapLines } from '../../../../../recovery/workloads/objects/gaps/gap.ts';
import { wantedGaps } from '../../../../../recovery/workloads/objects/gaps/wanted.ts';
import type { Reason } from '../../../../../recovery/workloads/objects/leave-out.ts';
import { served } from '../make-object.ts';

function missing(spec: object, more: readonly KubeObject[] = [], reasons: ReadonlyMap<string, Reason> = new Map()) {
  const api = served('apps/v1', 'Deployment', 'api', { spec: { template: { spec } } });
  const captured = [api, ...more];
  return wantedGaps({ captured, platform: captured, reasons }).map(({ what }) => what);
}

const containers = (container: object) => ({ containers: [{ name: 'api', ...container }] });
const env = (valueFrom: object) => containers({ env: [{ name: 'A', valueFrom }] });
const volume = (source: object) => ({ volumes: [{ name: 'v', ...source }] });

test.each<[string, object, string]>([
  ['a variable of a Secret', env({ secretKeyRef: { name: 'a', key: 'k' } }), 'Secret shop/a'],
  ['a variable of a ConfigMap', env({ configMapKeyRef: { name: 'a', key: 'k' } }), 'ConfigMap shop/a'],
  ['all variables of a Secret', containers({ envFrom: [{ secretRef: { name: 'a' } }] }), 'Secret shop/a'],
  ['of an init container', { initContainers: [{ envFrom: [{ configMapRef: { name: 'a' } }] }] }, 'ConfigMap shop/a'],
  ['a mounted Secret', volume({ secret: { secretName: 'a' } }), 'Secret shop/a'],
  ['a mounted ConfigMap', volume({ configMap: { name: 'a' } }), 'ConfigMap shop/a'],
  ['a projected one', volume({ projected: { sources: [{ secret: { name: 'a' } }] } }), 'Secret shop/a'],
  ['a claim', volume({ persistentVolumeClaim: { claimName: 'a' } }), 'PersistentVolumeClaim shop/a'],
  ['the credentials of a registry', { imagePullSecrets: [{ name: 'a' }] }, 'Secret shop/a'],
  ['an account', { serviceAccountName: 'a' }, 'ServiceAccount shop/a'],
])('%s that is not there', (_, spec, name) => {
  expect(missing(spec)).toEqual([name]);
  const kind = name.split(' ')[0] ?? '';
  expect(missing(spec, [served('v1', kind, 'a')])).toEqual([]);
  expect(missing(spec, [], new Map<string, Reason>([[name, 'generated']]))).toEqual([]);
});

test('an optional one, the account that every namespace has, and a claim that the set makes are no gap', () => {
  expect(missing(env({ secretKeyRef: { name: 'a', key: 'k', optional: true } }))).toEqual([]);
  expect(missing({ serviceAccountName: 'default' })).toEqual([]);
  const set = served('apps/v1', 'StatefulSet', 'db', {
    spec: {
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
      template: { spec: volume({ persistentVolumeClaim: { claimName: 'data' } }) },
    },
  });
  expect(wantedGaps({ captured: [set], platform: [set], reasons: new Map() })).toEqual([]);
});

test('a token that is not captured is named with the reason, in the part that would hold it', () => {
  const api = served('apps/v1', 'Deployment', 'api', {
    spec: { template: { spec: volume({ secret: { secretName: 't' } }) } },
  });
  const reasons = new Map<string, Reason>([['Secret shop/t', 'token']]);
  const gaps = wantedGaps({ captured: [api], platform: [api], reasons });
  expect(gapLines(gaps, 'configuration')).toEqual([
    'Secret shop/t: Deployment.apps shop/api needs it, and a token of the lost cluster opens nothing',
  ]);
});

test('a CronJob and an Ingress want theirs too', () => {
  const job = served('batch/v1', 'CronJob', 'j', {
    spec: { jobTemplate: { spec: { template: { spec: containers({ envFrom: [{ secretRef: { name: 'a' } }] }) } } } },
  });
  const ingress = served('networking.k8s.io/v1', 'Ingress', 'i', { spec: { tls: [{ secretName: 'a' }] } });
  const captured = [job, ingress];
  expect(wantedGaps({ captured, platform: captured, reasons: new Map() })).toEqual([
    {
      part: 'configuration',
      what: 'Secret shop/a',
      why: 'CronJob.batch shop/j, Ingress.networking.k8s.io shop/i need it, and the cluster does not have it',
    },
  ]);
});
