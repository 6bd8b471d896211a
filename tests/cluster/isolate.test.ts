/** `dr isolate --stack` and the evidence of a cluster against a real API server: closed, captured as before, collected, given back. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { collectCluster } from '../../recovery/evidence/cluster.ts';
import { isolateStack, planStackIsolation, undoStackIsolation } from '../../recovery/isolate/stack.ts';
import { openSiteCluster } from '../../recovery/kubernetes/change.ts';
import { podLogs } from '../../recovery/kubernetes/evidence/pod-logs.ts';
import { beforeFence, isFence } from '../../recovery/kubernetes/fence-marks.ts';
import { openNamespaceGate } from '../../recovery/kubernetes/isolation/namespace.ts';
import { openClusterAccess } from '../../recovery/kubernetes/location.ts';
import { SERVED } from '../../recovery/kubernetes/served-types.ts';
import { oneServer } from './one-server.ts';

const CONTAINERS = [{ name: 'web', image: 'registry.test/web:1' }];
const template = { metadata: { labels: { app: 'api' } }, spec: { containers: CONTAINERS } };
const ALLOWS = {
  podSelector: { matchLabels: { app: 'api' } },
  policyTypes: ['Ingress'],
  ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP', port: 8080 }] }],
};

const own = oneServer('isolate', async (server) => {
  for (const name of ['stores', 'shop']) {
    await server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  const namespace = 'shop';
  const spec = { replicas: 3, selector: { matchLabels: { app: 'api' } }, template };
  await server.create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'api', namespace }, spec });
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'allow-api', namespace },
  };
  await server.create({ ...policy, spec: ALLOWS });
  await server.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'planted', namespace },
    spec: { containers: CONTAINERS },
  });
  const data = { token: Buffer.from('very secret').toString('base64') };
  await server.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace }, data });
});

async function request() {
  const access = await openClusterAccess({ context: 'admin', kubeconfig: { path: own.server.kubeconfig } });
  return {
    access,
    cluster: openSiteCluster(access),
    gate: openNamespaceGate(access),
    namespaces: { platform: 'stores', recovery: 'dr', existing: ['shop'] },
    team: [],
    progress: () => {},
    now: () => new Date('2026-12-01T02:00:00Z'),
  };
}

async function objects() {
  await using cluster = await own.server.connect();
  const [policies, deployment, quotas] = await Promise.all([
    cluster.list(SERVED.networkPolicy, 'shop'),
    cluster.get(SERVED.deployment, 'api', 'shop'),
    cluster.list(
      {
        group: '',
        version: 'v1',
        kind: 'ResourceQuota',
        plural: 'resourcequotas',
        namespaced: true,
        otherVersions: [],
      },
      'shop',
    ),
  ]);
  return { policies, deployment, quotas };
}

test('a platform is closed, what stays open is named, and all of it comes back', async () => {
  const asked = await request();
  const plan = await planStackIsolation(asked);
  expect(plan.acts.map(({ id }) => id)).toEqual([
    'namespace/stores',
    'namespace/shop',
    'services',
    'schedules',
    'policies',
  ]);
  expect(plan.gaps.map(({ id }) => id)).toEqual(['pod/shop/planted', 'postgres']);
  expect((await objects()).quotas).toEqual([]);

  const report = await isolateStack(asked);
  expect(report.done).toEqual(plan.acts.map(({ id }) => id));
  const closed = await objects();
  expect(closed.deployment?.spec).toMatchObject({ replicas: 0 });
  expect(closed.quotas.map(({ metadata }) => metadata.name)).toEqual(['dr-isolation']);
  const policy = closed.policies.find(({ metadata }) => metadata.name === 'allow-api');
  expect(policy?.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
  expect(policy?.spec).not.toHaveProperty('ingress.0');
  expect(closed.policies.filter(isFence).map(({ metadata }) => metadata.name)).toEqual(['dr-isolation']);
  // A copy that is taken meanwhile holds what was there before.
  expect(policy && beforeFence(policy).spec).toEqual(ALLOWS);
  expect(closed.deployment && beforeFence(closed.deployment).spec).toMatchObject({ replicas: 3 });

  // Killed and run again, by another person on another machine.
  await isolateStack(await request());

  const folder = join(own.folder, 'collected');
  await mkdir(folder);
  await using cluster = await own.server.connect();
  const gaps = await collectCluster({ cluster, readLog: podLogs(asked.access), namespaces: ['shop'], folder });
  // No node runs the pod, so it has no log: that is no gap, and nothing else is missing.
  expect(gaps.filter(({ id }) => !id.endsWith('/log'))).toEqual([]);
  const files = await readdir(join(folder, 'shop'));
  expect(files).toEqual(expect.arrayContaining(['deployments.apps.json', 'pods.json', 'secrets.json']));
  const secrets = await readFile(join(folder, 'shop/secrets.json'), 'utf8');
  expect(secrets).toContain('"token": "sha256:');
  expect(secrets).not.toContain(Buffer.from('very secret').toString('base64'));

  const undone = await undoStackIsolation(await request());
  expect(undone.gaps).toEqual([]);
  const open = await objects();
  expect(open.deployment?.spec).toMatchObject({ replicas: 3 });
  expect(open.quotas).toEqual([]);
  expect(open.policies.map(({ metadata, spec }) => [metadata.name, metadata.annotations ?? {}, spec])).toEqual([
    ['allow-api', {}, ALLOWS],
  ]);
});
