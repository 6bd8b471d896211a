/** What `dr assess` finds in a cluster, against what it held. */
import { expect, test } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import { classify } from '../../../../recovery/status/assess/classify.ts';
import type { Findings } from '../../../../recovery/status/assess/findings.ts';
import { inspectCluster } from '../../../../recovery/status/assess/inspect-cluster.ts';
import { capturedServices, servicesThen } from '../../../../recovery/workloads/objects/workload.ts';
import { refuse } from '../../kubernetes/server-fixture.ts';
import { served } from '../../workloads/objects/make-object.ts';
import { clusterSite, SHOP, workload } from '../health/cluster-fixture.ts';
import { findings } from './findings-fixture.ts';

const BEFORE = { services: 'auth-service, order-service' };
const { signal } = new AbortController();

async function inspected(...given: Parameters<typeof clusterSite>) {
  const { site } = await clusterSite(...given);
  const found = await inspectCluster(site, BEFORE, signal);
  if (found === undefined) throw new Error('no cluster was looked at');
  return found;
}

const scenarioOf = ({
  cluster,
  services,
}: Pick<Findings, 'services'> & { cluster: NonNullable<Findings['cluster']> }) => {
  const { postgres: _, redis: __, ...rest } = findings({ cluster, services, folders: [] });
  return classify(rest);
};

test('a service that was captured and is not there is missing; one that never was is no finding', async () => {
  const { cluster, services } = await inspected([SHOP, workload('Deployment', 'auth-service', 1)]);
  expect(cluster).toMatchObject({ server: 'up', namespaces: [{ name: 'shop', state: 'there' }] });
  expect(services).toEqual([
    { service: 'auth-service', tier: 'P1', well: false, fact: 'Deployment shop/auth-service: 1 of 2 pods ready' },
    expect.objectContaining({ service: 'order-service', tier: 'P2', well: false, missing: true }),
  ]);
});

test('what the plan doesn’t know is a finding only when it is not well', async () => {
  const { services } = await inspected([
    SHOP,
    ...['auth-service', 'order-service'].map((name) => workload('Deployment', name, 2)),
    workload('Deployment', 'idle', 2),
    workload('Deployment', 'broken', 0),
  ]);
  expect(services.filter(({ well }) => !well)).toEqual([
    expect.objectContaining({ service: 'Deployment shop/broken', tier: 'P4', well: false }),
  ]);
});

test('a namespace that is gone is a complete failure', async () => {
  const found = await inspected([]);
  expect(scenarioOf(found)).toMatchObject({
    scenario: 'complete-failure',
    confidence: 'high',
    why: ['there is no namespace "shop"'],
  });
});

test('a server that does not answer may be one, and one that refuses tells nothing', async () => {
  const down = await inspected([SHOP], {}, () => refuse(503, 'ServiceUnavailable'));
  expect(down.cluster.server).toBe('down');
  expect(scenarioOf(down)).toMatchObject({ scenario: 'complete-failure', confidence: 'low' });
  const refused = await inspected([SHOP], {}, () => refuse(403, 'Forbidden', 'who are you'));
  expect(refused.cluster).toMatchObject({ server: 'unknown', facts: [expect.stringContaining('who are you')] });
  expect(scenarioOf(refused)).toMatchObject({ scenario: 'none', confidence: 'low' });
});

test('without a cluster in the environment none is looked at', async () => {
  const { site } = await clusterSite([SHOP]);
  const { kubernetes: _, ...environment } = site.environment;
  expect(await inspectCluster({ ...site, environment }, BEFORE, signal)).toBeUndefined();
});

test('a point tells which services of the plan had a workload', () => {
  const captured = [
    workload('Deployment', 'order-service', 0),
    workload('StatefulSet', 'auth', 0, { metadata: { labels: { app: 'auth-service' } } }),
    workload('Deployment', 'stranger', 0),
    served('v1', 'Service', 'payment-service'),
  ].map((object) => ({ object, finalizers: [], outside: [] }));
  const services = capturedServices(productionPlan, captured);
  expect(services).toEqual(['auth-service', 'order-service']);
  expect(servicesThen({ services: services.join(', ') })).toEqual(services);
  expect(servicesThen({ objects: 3 })).toEqual([]);
});
