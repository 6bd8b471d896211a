/** Fixture: a small shop, a copy of it, and a second team that changes it. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { waitFor } from '../../drill/host/processes.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { makeRun } from '../../recovery/core/process.ts';
import { fieldsOf, type KubeObject } from '../../recovery/kubernetes/objects.ts';
import { type DrResult, drEnds } from '../faults/dr-process.ts';
import type { ApiServer, Who } from './api-server.ts';
import type { OneServer } from './one-server.ts';

export const SHOP = 'shop';
const inShop = (name: string, more: object = {}) => ({ name, namespace: SHOP, ...more });
const labels = { app: 'api' };

function workload(kind: string, name: string, more: object = {}) {
  const containers = [
    {
      name: 'api',
      image: 'registry.test/api:1.4',
      env: [{ name: 'DB_PASSWORD', value: 'hunter2-in-the-clear' }],
      ports: [{ containerPort: 8080 }],
    },
  ];
  const spec = { replicas: 2, selector: { matchLabels: { app: name } }, ...more };
  const template = { metadata: { labels: { app: name } }, spec: { containers } };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: inShop(name, { labels: { app: name } }),
    spec: { ...spec, template },
  };
}

const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
const WIDGETS = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema }],
  },
};

export async function makeShop(server: ApiServer): Promise<void> {
  await server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SHOP } });
  await server.create(workload('Deployment', 'api'));
  await server.create(workload('StatefulSet', 'orders', { serviceName: 'orders' }));
  await server.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: inShop('rates', { labels }),
    data: { EUR: '1.10', 'app.ini': 'mode=fast\npassword=hunter3\nlevel=info\n' },
  });
  await server.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: inShop('database'),
    stringData: { password: 'correct horse' },
  });
  await server.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: inShop('api', { labels }),
    spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  });
  const { metadata } = await server.create({ ...workload('Deployment', 'maker') });
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'maker', uid: metadata.uid, controller: true };
  await server.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: inShop('made', { ownerReferences: [owner] }),
    data: { by: 'maker' },
  });
  await server.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: inShop('of-the-stack', { labels: { 'go-coffee-dr/owner': 'stack' } }),
    data: { a: '1' },
  });
  await server.create(WIDGETS);
  const gear = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: inShop('gear'), spec: { teeth: 12 } };
  // Discovery learns of a definition some time after it is established.
  await waitFor('widgets are served', () => server.create(gear).catch(() => undefined));
}

export interface Shop {
  readonly folder: string;
  readonly envFile: string;
  /** `dr restore --to latest --only manifests …` */
  restore(exit: number, args: readonly string[], envFile?: string): Promise<DrResult>;
  /** kubectl, as the team that owns what it writes. */
  kubectl(...args: readonly string[]): Promise<string>;
  live(kind: string, name: string): Promise<KubeObject>;
  envFor(who: Who): Promise<string>;
}

/** With one copy of the shop in a repository. */
export async function copyShop(own: OneServer): Promise<Shop> {
  const folder = await mkdtemp(join(own.folder, 'shop-'));
  const key = async (name: string) => {
    await writeFile(join(folder, name), `key called ${name}`, { mode: 0o600 });
    return { name, from: { file: join(folder, name) } };
  };
  const envFor = async (context: Who): Promise<string> => {
    const file = join(folder, `dr-${context}.yaml`);
    const environment = {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Environment',
      name: 'shop',
      site: 'main',
      stateDir: join(folder, 'state'),
      signingKeys: [await key('signing')],
      kubernetes: { kubeconfig: own.server.kubeconfig, context, namespaces: [SHOP] },
      repositories: { local: { type: 'posix', path: join(folder, 'local'), passphrases: [await key('passphrase')] } },
    };
    await writeFile(file, stringify(environment));
    return file;
  };
  const envFile = await envFor('admin');
  await drEnds(0, envFile, ['init']);
  await drEnds(0, envFile, ['backup', '--kind', 'config']);
  const run = makeRun(silentLog);
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const access = ['--kubeconfig', own.server.kubeconfig, '--context', 'admin', '--namespace', SHOP];
    return (await run(['kubectl', ...access, ...args])).stdout;
  };
  return {
    folder,
    envFile,
    restore: (exit, args, file = envFile) =>
      drEnds(exit, file, ['restore', '--to', 'latest', '--only', 'manifests', ...args]),
    kubectl,
    live: async (kind, name) =>
      JSON.parse(await kubectl('get', kind, name, '-o', 'json', '--show-managed-fields')) as KubeObject,
    envFor,
  };
}

/** Field managers that the server has on record. */
export function managersOf({ metadata }: KubeObject): string[] {
  const entries = Array.isArray(metadata.managedFields) ? metadata.managedFields : [];
  return entries.map((entry) => `${fieldsOf(entry).manager} ${fieldsOf(entry).operation}`);
}
