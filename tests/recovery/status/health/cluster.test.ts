/** `dr health` where services are workloads of a cluster. */
import { expect, test } from 'vitest';
import { checkHealth } from '../../../../recovery/status/health/check.ts';
import type { HealthReport } from '../../../../recovery/status/health/types.ts';
import { refuse } from '../../kubernetes/server-fixture.ts';
import { served } from '../../workloads/objects/make-object.ts';
import { clusterSite, SHOP, workload } from './cluster-fixture.ts';

const question = { comprehensive: false, now: () => new Date('2026-11-25T20:00:00Z') };

function checkOf(report: HealthReport, id: string) {
  return [...report.checks, ...report.tiers.flatMap(({ checks }) => checks)].find((check) => check.id === id);
}

test('a service is well when its workloads are, found by label or by name', async () => {
  const { site } = await clusterSite([
    SHOP,
    workload('Deployment', 'auth', 2, { metadata: { labels: { 'app.kubernetes.io/name': 'auth-service' } } }),
    workload('StatefulSet', 'order-service', 1),
    served('v1', 'Pod', 'order-service-1', {
      metadata: { labels: { app: 'order-service' } },
      status: { containerStatuses: [{ ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
    }),
  ]);
  const report = await checkHealth(site, question);
  expect(checkOf(report, 'service/auth-service')).toMatchObject({ ok: true, fact: expect.stringContaining('2 of 2') });
  expect(checkOf(report, 'service/order-service')).toMatchObject({
    ok: false,
    fact: 'StatefulSet shop/order-service: 1 of 2 pods ready (CrashLoopBackOff)',
  });
  expect(checkOf(report, 'service/ai-search')).toMatchObject({
    ok: undefined,
    fact: 'no workload of the cluster is this service',
  });
  expect(report.tiers.map(({ id, healthy }) => [id, healthy])).toEqual([
    ['P1', true],
    ['P2', false],
    ['P3', true],
    ['P4', true],
  ]);
  expect(report.healthy).toBe(false);
});

test('a cluster without services is no failure', async () => {
  const { site } = await clusterSite([SHOP]);
  const report = await checkHealth(site, question);
  expect(report.healthy).toBe(true);
  expect(checkOf(report, 'kubernetes')).toMatchObject({ ok: true, fact: expect.stringContaining('0 of 0 workloads') });
});

test('what no service of the plan is stands in the last tier', async () => {
  const { site } = await clusterSite([SHOP, workload('Deployment', 'debug', 0)]);
  const all = await checkHealth(site, question);
  expect(checkOf(all, 'workload/Deployment/shop/debug')).toMatchObject({ ok: false });
  expect(all.tiers.at(-1)?.healthy).toBe(false);
  const first = await checkHealth(site, { ...question, tier: ['p1'] });
  expect(first.healthy).toBe(true);
});

test('a service’s own command is asked, and not the cluster', async () => {
  const services = { 'auth-service': { health: ['sh', '-c', 'echo from the command'] } };
  const { site } = await clusterSite([SHOP, workload('Deployment', 'auth-service', 0)], { services });
  const check = checkOf(await checkHealth(site, question), 'service/auth-service');
  expect(check).toMatchObject({ ok: true, fact: 'from the command' });
});

test('a namespace that is gone fails, although nothing in it can', async () => {
  const gone = await clusterSite([]);
  const report = await checkHealth(gone.site, question);
  expect(checkOf(report, 'kubernetes')).toMatchObject({
    ok: false,
    fact: expect.stringContaining('there is no namespace "shop"'),
  });
  // Rights that were given in it are gone with it.
  expect(gone.asked.filter((path) => path.includes('deployments'))).toEqual([]);
  const leaving = { ...SHOP, metadata: { ...SHOP.metadata, deletionTimestamp: '2026-11-25T20:00:00Z' } };
  const { site } = await clusterSite([leaving]);
  expect((await checkHealth(site, question)).healthy).toBe(false);
});

test('a cluster that lets nobody look is a failed check, and says nothing of the services', async () => {
  const { site } = await clusterSite([SHOP, workload('Deployment', 'auth-service', 2)], {}, (path) =>
    path.includes('deployments') ? refuse(403, 'Forbidden', 'cannot list deployments') : undefined,
  );
  const report = await checkHealth(site, question);
  expect(checkOf(report, 'kubernetes')).toMatchObject({ ok: false, fact: expect.stringContaining('may not list') });
  expect(checkOf(report, 'service/auth-service')).toMatchObject({ ok: undefined });
  expect(report.healthy).toBe(false);
});

test('of the stores alone no cluster is asked', async () => {
  const redis = { host: '127.0.0.1', port: 1, dataDir: '/var/lib/redis' };
  const { site, asked } = await clusterSite([SHOP], { redis });
  const report = await checkHealth(site, { ...question, stores: true });
  expect(report.tiers.map(({ id, checks }) => [id, checks.map((check) => check.id)])).toEqual([
    ['P1', ['redis/answers']],
  ]);
  expect(report.healthy).toBe(false);
  expect(asked).toEqual([]);
});

test('a check of stores that are not there is refused, as it would always be good', async () => {
  const { site } = await clusterSite([SHOP]);
  const refused = { code: 'STORES-UNKNOWN', exit: 2 };
  await expect(checkHealth(site, { ...question, stores: true })).rejects.toMatchObject(refused);
  const redis = { host: '127.0.0.1', port: 1, dataDir: '/var/lib/redis' };
  const other = await clusterSite([SHOP], { redis });
  await expect(checkHealth(other.site, { ...question, stores: true, tier: ['P4'] })).rejects.toMatchObject({
    ...refused,
    fact: 'none of the chosen tiers has redis',
  });
});
