/** What a platform uses and its capture does not hold, against a real API server: named in the backup, in the point and in the restore. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { waitFor } from '../../drill/host/processes.ts';
import { type KubeObject, nameOf } from '../../recovery/kubernetes/objects.ts';
import { gapLines } from '../../recovery/workloads/objects/gaps/gap.ts';
import { type Capture, makeCapture } from '../../recovery/workloads/objects/make.ts';
import { restoreWaves } from '../../recovery/workloads/objects/order.ts';
import { readCluster } from '../../recovery/workloads/objects/read.ts';
import { dr, drEnds } from '../faults/dr-process.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { PLATFORM } from './gaps-objects.ts';
import { oneServer } from './one-server.ts';

const own = oneServer('platform', async (server) => {
  for (const object of PLATFORM) await waitFor('its kind is served', () => server.create(object).catch(unserved));
});

/** A definition is served a moment after it was made. */
function unserved(error: unknown): undefined {
  if (!(error instanceof Error) || !/is not served| 404 /.test(error.message)) throw error;
  return undefined;
}

const NAMESPACES = ['shop', 'billing'];

test('what binds the namespaces is captured once, and what is missing has a name', async () => {
  await using cluster = await own.server.connect();
  const content = await readCluster(cluster, NAMESPACES);
  const capture = makeCapture(content);
  const names = [...capture.parts.manifests, ...capture.parts.access].map(({ object }) => nameOf(object));
  expect(names).toEqual(
    expect.arrayContaining([
      'APIService.apiregistration.k8s.io v1.metering.example.com',
      'ClusterRole.rbac.authorization.k8s.io metering',
      'ClusterRoleBinding.rbac.authorization.k8s.io metering',
      'CustomResourceDefinition.apiextensions.k8s.io clusters.postgresql.cnpg.io',
      // No report is there yet: the account that may watch them needs their definition.
      'CustomResourceDefinition.apiextensions.k8s.io reports.example.com',
      'StorageClass.storage.k8s.io fast',
    ]),
  );
  expect(names.filter((name) => /quotas|external\.metrics|unused/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  expect(capture.operators).toEqual(['CloudNativePG']);
  expect(gapLines(capture.gaps, 'manifests')).toEqual([
    'APIService.apiregistration.k8s.io v1beta1.external.metrics.k8s.io: HorizontalPodAutoscaler.autoscaling shop/api needs it, and its Service infra/adapter is not captured',
    'CloudNativePG itself: Cluster.postgresql.cnpg.io billing/ledger waits for it, and it does not run in the captured namespaces: install it before, or capture its namespace too',
    'IngressClass.networking.k8s.io no-such-class: Ingress.networking.k8s.io shop/api names it, and the cluster does not have it',
    'Secret infra/disk-keys: StorageClass.storage.k8s.io fast names it, and its namespace is not captured',
    'Secret infra/users: Ingress.networking.k8s.io shop/api names it, and its namespace is not captured',
    'Service data/postgres: ConfigMap shop/settings names it, and its namespace is not captured',
    'Service data/reports: Secret shop/dsn names it, and its namespace is not captured',
    'data of Cluster.postgresql.cnpg.io billing/ledger: CloudNativePG keeps it on volumes of its own, and makes an empty one of the copy unless the resource itself names a backup of CloudNativePG',
    'objects of the API group metering.example.com: the server behind its APIService did not answer',
    'objects of the API group quotas.example.com: the server behind its APIService did not answer',
    'smtp.example.net: Service billing/mail leads to it, and it is outside of the cluster',
  ]);
  expect(gapLines(capture.gaps, 'access')).toEqual([
    'ClusterRole.rbac.authorization.k8s.io no-such-role: ClusterRoleBinding.rbac.authorization.k8s.io metering-gone names it, and the cluster does not have it',
    'RoleBinding.rbac.authorization.k8s.io kube-system/metering-reader: it gives accounts of the platform the Role extension-apiserver-authentication-reader, and its namespace is not captured',
  ]);
  expect(gapLines(capture.gaps, 'configuration')).toEqual([
    'Secret shop/registry: Deployment.apps shop/api needs it, and the cluster does not have it',
  ]);
});

test('in the order of a restore it comes back into an empty cluster, and is the same there', async () => {
  const capture = async (from: ApiServer) => {
    await using cluster = await from.connect();
    return makeCapture(await readCluster(cluster, NAMESPACES));
  };
  const objectsOf = ({ parts }: Capture) =>
    new Map(Object.values(parts).flatMap((part) => part.map(({ object }) => [nameOf(object), object] as const)));
  const before = await capture(own.server);
  await using empty = await startApiServer(own.store, own.folder, 'empty');
  const waves = restoreWaves([...objectsOf(before).values()]);
  for (const { objects } of waves)
    for (const object of objects) await waitFor('its kind is served', () => empty.create(object).catch(unserved));
  expect(waves.map(({ id }) => id).indexOf('apis')).toBeGreaterThan(waves.map(({ id }) => id).indexOf('workloads'));
  expect(objectsOf(await capture(empty))).toEqual(objectsOf(before));
});

const rbac = 'rbac.authorization.k8s.io';

/** As an older stack gave it: without the lists of APIServices and of RoleBindings. */
async function letReadShop(): Promise<void> {
  const subjects = [{ apiGroup: rbac, kind: 'User', name: 'limited' }];
  const read = ['get', 'list'];
  const rules = [
    {
      apiGroups: ['', rbac, 'scheduling.k8s.io'],
      resources: ['namespaces', 'clusterroles', 'clusterrolebindings', 'priorityclasses'],
      verbs: read,
    },
    {
      apiGroups: ['admissionregistration.k8s.io', 'storage.k8s.io', 'networking.k8s.io', 'apiextensions.k8s.io'],
      resources: ['*'],
      verbs: read,
    },
    {
      apiGroups: ['apiregistration.k8s.io'],
      resources: ['apiservices'],
      resourceNames: ['v1.example.com'],
      verbs: ['get'],
    },
  ];
  const role = { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: 'shop-reader' }, rules };
  const all = {
    ...role,
    metadata: { name: 'all-of-shop' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: read }],
  };
  const binding = { apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'shop-reader' }, subjects };
  await own.server.create(role);
  await own.server.create(all);
  await own.server.create({ ...binding, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'shop-reader' } });
  await own.server.create({
    ...binding,
    kind: 'RoleBinding',
    metadata: { name: 'all-of-shop', namespace: 'shop' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'all-of-shop' },
  });
}

test('a namespace that may not be read is left out with its reason, and so is what the account may not look for', async () => {
  await letReadShop();
  await using limited = await own.server.connect('limited');
  const content = await waitFor('the rights are known', () => readCluster(limited, NAMESPACES).catch(() => undefined));
  expect(content.namespaces).toEqual(['shop']);
  expect(content.lacking).toEqual([
    { name: 'billing', error: expect.objectContaining({ code: 'KUBERNETES-FORBIDDEN' }) },
  ]);
  expect(content.unread).toEqual([]);
  const { gaps, parts } = makeCapture(content);
  expect(parts.manifests.map(({ object }) => nameOf(object)).filter((name) => name.includes('billing/'))).toEqual([]);
  expect(gapLines(gaps, 'manifests')).toContain(
    'APIService.apiregistration.k8s.io v1.postgresql.cnpg.io: the account may not read it, so it is not known whether it leads to the platform',
  );
  expect(gapLines(gaps, 'access')).toContain(
    'RoleBinding.rbac.authorization.k8s.io of other namespaces: the account may not list them, so it is not known which of them name accounts of the platform',
  );
  await expect(readCluster(limited, ['billing'])).rejects.toMatchObject({ code: 'KUBERNETES-FORBIDDEN', exit: 2 });
});

/** A site that has the cluster, one folder workload and a folder for its copies. */
async function makeSite(namespaces: readonly string[], folder: string): Promise<string> {
  const key = async (name: string) => {
    await writeFile(join(folder, name), `key called ${name}`, { mode: 0o600 });
    return { name, from: { file: join(folder, name) } };
  };
  await mkdir(join(folder, 'uploads'), { recursive: true });
  await writeFile(join(folder, 'uploads', 'one'), 'a file');
  const envFile = join(folder, 'dr.yaml');
  const environment = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: 'beside',
    site: 'main',
    stateDir: join(folder, 'state'),
    signingKeys: [await key('signing')],
    folders: { uploads: { path: join(folder, 'uploads') } },
    kubernetes: {
      kubeconfig: own.server.kubeconfig,
      context: 'admin',
      namespaces,
      claims: { uploads: 'uploads', 'shop/ca*': 'none' },
    },
    repositories: { local: { type: 'posix', path: join(folder, 'local'), passphrases: [await key('passphrase')] } },
  };
  await writeFile(envFile, stringify(environment));
  return envFile;
}

const SNAPSHOT = '; disks.example.com can make snapshots of it (VolumeSnapshotClass hourly)';
const UNCOVERED = [
  `content of PersistentVolumeClaim billing/invoices: no workload holds its content: it comes back empty${SNAPSHOT}`,
  `content of PersistentVolumeClaim shop/data-orders-0 (StatefulSet.apps shop/orders made it): no workload holds its content: it comes back empty${SNAPSHOT}`,
];

test('a claim without a workload is named by the backup, the point, the health, the objectives and the restore', async () => {
  const folder = await mkdtemp(join(own.folder, 'claims-'));
  const envFile = await makeSite(NAMESPACES, folder);
  await drEnds(0, envFile, ['init']);
  const { stdout } = await drEnds(0, envFile, ['backup', '--kind', 'full']);
  const lines = stdout.split('\n').filter((line) => line.includes('content of '));
  expect(lines).toEqual(UNCOVERED.map((line) => `not copied: manifests: ${line}`));
  const id = /recovery point (\S+) in local/.exec(stdout)?.[1] ?? '';
  const shown = (await drEnds(0, envFile, ['points', 'show', id])).stdout;
  for (const line of UNCOVERED) expect(shown).toContain(`not copied: manifests: ${line}`);
  expect(shown).toMatch(/manifests by namespace: shop \d+, billing \d+$/m);
  const { stdout: objectives } = await dr(envFile, ['objectives']);
  for (const line of UNCOVERED) expect(objectives).toContain(`not copied: manifests: ${line}`);
  const { stdout: health } = await dr(envFile, ['health', '--comprehensive']);
  for (const line of UNCOVERED) expect(health).toContain(line);
  const { stdout: restore } = await drEnds(0, envFile, ['restore', '--to', 'latest', '--dry-run']);
  for (const line of UNCOVERED) expect(restore).toContain(line);
});

test('a namespace that is gone makes a partial point, which `latest` does not take unasked', async () => {
  const folder = await mkdtemp(join(own.folder, 'smaller-'));
  const envFile = await makeSite(NAMESPACES, folder);
  await drEnds(0, envFile, ['init']);
  await drEnds(0, envFile, ['backup', '--kind', 'full']);
  await makeSite(['shop', 'billing', 'marketing'], folder);
  const missing = await drEnds(3, envFile, ['backup', '--kind', 'config']);
  expect(missing.stdout).toContain('not copied: manifests: namespace marketing: there is no namespace "marketing"');
  expect(missing.stdout).not.toContain('is suspect');
  const billing = PLATFORM.find((object) => (object as KubeObject).metadata.name === 'billing') as KubeObject;
  await own.server.remove(billing);
  await makeSite(NAMESPACES, folder);
  const { stdout } = await drEnds(3, envFile, ['backup', '--kind', 'config']);
  expect(stdout).toContain('namespace billing: the namespace "billing" is being deleted');
  expect(stdout).toContain('it lacks the namespace billing, which the copy before holds');
});
