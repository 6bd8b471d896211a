/** Capture and restore of objects between two real API servers. */
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { waitFor } from '../../drill/host/processes.ts';
import { OBJECT_PARTS, type ObjectPart } from '../../plan/types.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { makeRun } from '../../recovery/core/process.ts';
import { fieldsOf, type KubeObject, listOf, nameOf } from '../../recovery/kubernetes/objects.ts';
import { type Capture, makeCapture } from '../../recovery/workloads/objects/make.ts';
import { restoreWaves } from '../../recovery/workloads/objects/order.ts';
import { readCluster } from '../../recovery/workloads/objects/read.ts';
import { readPart, writePart } from '../../recovery/workloads/objects/stored.ts';
import { drEnds } from '../faults/dr-process.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { NAMESPACE } from './capture-objects.ts';
import { makePlatform } from './capture-platform.ts';
import { oneServer } from './one-server.ts';

const own = oneServer('source', async (source) => {
  await makePlatform(source);
});

const run = makeRun(silentLog);
const scratchFolder = (): Promise<string> => mkdtemp(join(own.folder, 'test-'));

interface BackupData {
  readonly workloads: readonly { workload: string; captures: Record<string, { facts: object }> }[];
  readonly unconfigured: readonly string[];
}

async function capture(server: ApiServer, pageSize?: number): Promise<Capture> {
  await using cluster = await server.connect('admin', pageSize);
  return makeCapture(await readCluster(cluster, [NAMESPACE]));
}

function objectsOf({ parts }: Capture): Map<string, KubeObject> {
  const all = OBJECT_PARTS.flatMap((part) => parts[part]);
  return new Map(all.map(({ object }) => [nameOf(object), object]));
}

/** Creates everything wave by wave, as a rebuild does. */
async function restore(server: ApiServer, objects: readonly KubeObject[]): Promise<void> {
  await using cluster = await server.connect();
  const definitions = (await cluster.discover()).types.find(({ kind }) => kind === 'CustomResourceDefinition');
  if (definitions === undefined) throw new Error('the server knows no definitions');
  for (const wave of restoreWaves(objects)) {
    await Promise.all(wave.objects.map((object) => server.create(object)));
    if (wave.wait !== 'established') continue;
    for (const { metadata } of wave.objects) {
      await waitFor(`${metadata.name} is established`, async () => {
        const conditions = listOf(fieldsOf((await cluster.get(definitions, metadata.name))?.status).conditions);
        return conditions.map(fieldsOf).some(({ type, status }) => type === 'Established' && status === 'True');
      });
    }
  }
}

const CAPTURED: Readonly<Record<ObjectPart, readonly string[]>> = {
  manifests: [
    'CronJob.batch go-coffee/report',
    'CustomResourceDefinition.apiextensions.k8s.io widgetissuers.example.com',
    'CustomResourceDefinition.apiextensions.k8s.io widgets.example.com',
    'Deployment.apps go-coffee/api',
    'Endpoints go-coffee/outside',
    'HorizontalPodAutoscaler.autoscaling go-coffee/api',
    'Ingress.networking.k8s.io go-coffee/api',
    'IngressClass.networking.k8s.io public',
    'Job.batch go-coffee/waiting',
    'Namespace go-coffee',
    'PersistentVolumeClaim go-coffee/uploads',
    'PodDisruptionBudget.policy go-coffee/api',
    'PriorityClass.scheduling.k8s.io tier-1',
    'Service go-coffee/allocated',
    'Service go-coffee/api',
    'Service go-coffee/balanced',
    'Service go-coffee/chosen',
    'Service go-coffee/headless',
    'Service go-coffee/outside',
    'StatefulSet.apps go-coffee/orders',
    'StorageClass.storage.k8s.io fast',
    'ValidatingWebhookConfiguration.admissionregistration.k8s.io elsewhere',
    'ValidatingWebhookConfiguration.admissionregistration.k8s.io guard',
    'Widget.example.com go-coffee/gear',
    'WidgetIssuer.example.com main',
  ],
  configuration: [
    'ConfigMap go-coffee/rates-GENERATED',
    'ConfigMap go-coffee/settings',
    'Secret go-coffee/database',
    'Secret go-coffee/sh.helm.release.v1.api.v3',
  ],
  access: [
    'ClusterRole.rbac.authorization.k8s.io coffee-extra',
    'ClusterRole.rbac.authorization.k8s.io coffee-nodes',
    'ClusterRole.rbac.authorization.k8s.io coffee-reader',
    'ClusterRoleBinding.rbac.authorization.k8s.io coffee-nodes',
    'NetworkPolicy.networking.k8s.io go-coffee/default-deny',
    'RoleBinding.rbac.authorization.k8s.io go-coffee/coffee-reader',
    'RoleBinding.rbac.authorization.k8s.io go-coffee/view',
    'ServiceAccount go-coffee/api',
  ],
  monitoring: ['ConfigMap go-coffee/dashboard'],
};

test('the namespace, what it needs of the cluster, and nothing that is made again', async () => {
  const { parts, leftOut, versions, images, silentGroups } = await capture(own.server);
  const names = (part: ObjectPart) =>
    parts[part].map(({ object }) => nameOf(object).replace(/rates-\w{5}$/, 'rates-GENERATED'));
  for (const part of OBJECT_PARTS) expect(names(part)).toEqual(CAPTURED[part]);
  expect(leftOut).toMatchObject({
    generated: { Pod: 1, 'ReplicaSet.apps': 1, 'Job.batch': 1 },
    'being-deleted': { 'Widget.example.com': 1 },
    'made-by-the-cluster': { ConfigMap: 1, Endpoints: 1, ServiceAccount: 1 },
    'leader-election': { Endpoints: 1 },
    finished: { 'Job.batch': 1 },
    token: { Secret: 1 },
  });
  // Of several versions the preferred one, although the autoscaler was written in the older.
  expect(versions).toMatchObject({
    'HorizontalPodAutoscaler.autoscaling': { version: 'v2', others: ['v1'] },
    'Widget.example.com': { version: 'v1', others: ['v1beta1'] },
  });
  const digest = `sha256:${'ab'.repeat(32)}`;
  expect(images).toEqual([{ image: 'registry.test/api:1.4', digests: [digest], pullable: digest }]);
  expect(silentGroups).toEqual([]);
  const gear = parts.manifests.find(({ object }) => object.kind === 'Widget');
  expect(gear?.finalizers).toEqual(['example.com/hold']);
  expect(gear?.object.metadata).toEqual({ name: 'gear', namespace: NAMESPACE });
});

test('restored into an empty cluster and captured there, it is the same, object for object', async () => {
  const before = await capture(own.server);
  const folders = await scratchFolder();
  const at = new Date();
  for (const part of OBJECT_PARTS) await writePart(before, part, join(folders, part), at);
  const stored = await Promise.all(OBJECT_PARTS.map((part) => readPart(join(folders, part))));
  const objects = stored.flatMap((part) => part.objects.map(({ object }) => object));
  expect(new Map(objects.map((object) => [nameOf(object), object]))).toEqual(objectsOf(before));

  await using empty = await startApiServer(own.store, own.folder, 'empty');
  // A claim with the name of its old volume, or a service with its old address, would be refused or never work here.
  await restore(empty, objects);
  const after = await capture(empty);
  expect(objectsOf(after)).toEqual(objectsOf(before));
  // Nothing of the old cluster is left for its controllers to clear away.
  expect(after.leftOut).toEqual({ 'built-in': before.leftOut['built-in'] });

  await using cluster = await empty.connect();
  const { types } = await cluster.discover();
  const services = types.find(({ kind }) => kind === 'Service');
  const ports = async (name: string) => {
    const service = services && (await cluster.get(services, name, NAMESPACE));
    return listOf(fieldsOf(service?.spec).ports).map((port) => fieldsOf(port).nodePort);
  };
  expect(await ports('chosen')).toEqual([30_080]);
  expect(await ports('allocated')).toEqual([expect.any(Number)]);
});

test('by pages of two it is the same', async () => {
  expect(objectsOf(await capture(own.server, 2))).toEqual(objectsOf(await capture(own.server)));
});

test('who may not see everything is told what is missing, and gets nothing', async () => {
  await using limited = await own.server.connect('limited');
  await expect(readCluster(limited, [NAMESPACE])).rejects.toMatchObject({
    code: 'KUBERNETES-FORBIDDEN',
    exit: 2,
    fact: expect.stringMatching(/may not (list|get) \S+.* "limited" cannot/),
  });
  await using stranger = await own.server.connect('stranger');
  await expect(readCluster(stranger, [NAMESPACE])).rejects.toMatchObject({ code: 'KUBERNETES-CREDENTIALS', exit: 2 });
  await using admin = await own.server.connect();
  await expect(readCluster(admin, ['nowhere'])).rejects.toMatchObject({ code: 'NAMESPACE-MISSING', exit: 6 });
  const { namespaces, lacking } = await readCluster(admin, [NAMESPACE, 'nowhere']);
  expect(namespaces).toEqual([NAMESPACE]);
  expect(lacking).toMatchObject([{ name: 'nowhere', error: { code: 'NAMESPACE-MISSING' } }]);
});

test('a cluster that is gone', async () => {
  const gone = await startApiServer(own.store, own.folder, 'gone');
  await using cluster = await gone.connect();
  await gone[Symbol.asyncDispose]();
  await expect(readCluster(cluster, [NAMESPACE])).rejects.toMatchObject({
    code: 'KUBERNETES-UNREACHABLE',
    fact: expect.stringContaining('ECONNREFUSED'),
    hint: expect.stringContaining('rebuild'),
  });
});

/** A site that has nothing but the cluster and a folder to keep its copies in. */
async function makeSite(folder: string): Promise<string> {
  const key = async (name: string) => {
    await writeFile(join(folder, name), `key called ${name}`, { mode: 0o600 });
    return { name, from: { file: join(folder, name) } };
  };
  const hook = ['sh', '-c', `echo $DR_HOOK $DR_WORKLOAD >> ${join(folder, 'hooks')}`];
  const envFile = join(folder, 'dr.yaml');
  await writeFile(
    envFile,
    stringify({
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Environment',
      name: 'captured',
      site: 'main',
      stateDir: join(folder, 'state'),
      signingKeys: [await key('signing')],
      kubernetes: {
        kubeconfig: own.server.kubeconfig,
        context: 'admin',
        namespaces: [NAMESPACE],
        hooks: { pre: hook, post: hook },
      },
      repositories: { local: { type: 'posix', path: join(folder, 'local'), passphrases: [await key('passphrase')] } },
    }),
  );
  return envFile;
}

test('`dr backup` captures the cluster, `dr restore` brings the objects back as files, and no secret lies in between', async () => {
  const folder = await scratchFolder();
  const envFile = await makeSite(folder);
  await drEnds(0, envFile, ['init']);
  const { stdout } = await drEnds(0, envFile, ['backup', '--kind', 'full', '-o', 'json']);
  const { workloads, unconfigured } = JSON.parse(stdout) as BackupData;
  const facts = Object.fromEntries(workloads.map(({ workload, captures }) => [workload, captures.local?.facts]));
  expect(facts).toEqual({
    manifests: expect.objectContaining({ objects: 25, clusterVersion: 'v1.34.4', namespaces: NAMESPACE, images: 1 }),
    'config-and-secrets': expect.objectContaining({ objects: 4 }),
    'network-policies': expect.objectContaining({ objects: 8 }),
    'monitoring-config': expect.objectContaining({ objects: 1 }),
  });
  expect(unconfigured).toContain('postgres');
  // Read once for the four of them.
  expect(await readFile(join(folder, 'hooks'), 'utf8')).toBe('pre kubernetes\npost kubernetes\n');

  const secret = Buffer.from('correct horse').toString('base64');
  const inClear = async () => (await run(['grep', '-rlaF', '-e', secret, folder], { accept: [0, 1] })).stdout;
  expect(await inClear()).toBe('');
  expect(await readdir(join(folder, 'state', 'staging'))).toEqual([]);

  await drEnds(0, envFile, ['restore', '--to', 'latest', '--confirm', 'captured']);
  const restored = join(folder, 'state', 'restored');
  const parts = await Promise.all(Object.keys(facts).map((id) => readPart(join(restored, id))));
  const objects = parts.flatMap((part) => part.objects.map(({ object }) => object));
  expect(new Map(objects.map((object) => [nameOf(object), object]))).toEqual(objectsOf(await capture(own.server)));
  expect((await stat(join(restored, 'config-and-secrets'))).mode & 0o777).toBe(0o700);
});
