/** A platform that is less strict than the plan is told so, and is not unhealthy for it. */
import { expect, test } from 'vitest';
import { checkHardening } from '../../../../recovery/status/health/hardening.ts';
import { refuse } from '../../kubernetes/server-fixture.ts';
import { clusterWide, served } from '../../workloads/objects/make-object.ts';
import { clusterSite } from './cluster-fixture.ts';

const namespace = (level?: string) => {
  const made = clusterWide('v1', 'Namespace', 'shop');
  const labels = level === undefined ? {} : { 'pod-security.kubernetes.io/enforce': level };
  return { ...made, metadata: { ...made.metadata, labels } };
};
const policy = (spec: object) => ({ ...served('networking.k8s.io/v1', 'NetworkPolicy', 'guard', { spec }) });
const DENIAL = policy({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });

async function found(...objects: Parameters<typeof clusterSite>[0]) {
  const { site } = await clusterSite(objects);
  return checkHardening(site);
}

test('as strict as the plan: nothing is said', async () => {
  expect(await found(namespace('restricted'), DENIAL)).toEqual([]);
});

test('no level, or a lower one; no policy, or one for some pods: each is named', async () => {
  expect(await found(namespace())).toMatchObject([
    {
      id: 'hardening/shop',
      ok: undefined,
      fact: 'it enforces no pod security level, not restricted; no network policy denies by default',
    },
  ]);
  expect(await found(namespace('baseline'), DENIAL)).toMatchObject([
    { fact: 'it enforces the level baseline, not restricted' },
  ]);
  const some = policy({ podSelector: { matchLabels: { app: 'api' } }, policyTypes: ['Ingress', 'Egress'] });
  expect(await found(namespace('restricted'), some)).toMatchObject([{ fact: 'no network policy denies by default' }]);
});

test('who may not look does not say that all is well', async () => {
  const { site } = await clusterSite([namespace('restricted'), DENIAL], {}, (path) =>
    path.includes('networkpolicies') ? refuse(403, 'Forbidden') : undefined,
  );
  expect(await checkHardening(site)).toMatchObject([{ ok: undefined, fact: expect.stringMatching(/^unknown: /) }]);
});
