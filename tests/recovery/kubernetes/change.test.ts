/** What is changed in a cluster, request by request: on a server that answers as it is told. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { openAccess } from '../../../recovery/kubernetes/access.ts';
import { openSiteCluster } from '../../../recovery/kubernetes/change.ts';
import type { SiteCluster } from '../../../recovery/kubernetes/site-cluster.ts';
import { scratch } from '../../scratch.ts';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly body: Record<string, unknown> | undefined;
}
type Answer = (request: Request) => { readonly status?: number; readonly body: unknown };

async function clusterOf(answer: Answer): Promise<{ cluster: SiteCluster; asked: Request[] }> {
  const asked: Request[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString('utf8');
    const seen: Request = {
      method: request.method ?? '',
      path: new URL(request.url ?? '/', 'http://fake').pathname,
      type: request.headers['content-type'] ?? '',
      body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>),
    };
    const { status = 200, body } = answer(seen);
    // Which kinds there are is asked by the client, not by us.
    if (!/^\/(api|apis\/\w+)\/v1$/.test(seen.path)) asked.push(seen);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(await scratch(), 'kubeconfig');
  const text = stringify({
    clusters: [{ name: 'us', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'us', user: { token: 'secret-token' } }],
    contexts: [{ name: 'us', context: { cluster: 'us', user: 'us' } }],
  });
  await writeFile(kubeconfig, text, { mode: 0o600 });
  const access = await openAccess({ kubeconfig, context: 'us', namespaces: ['go-coffee'] });
  return { cluster: openSiteCluster(access), asked };
}

const KINDS = {
  '/apis/apps/v1': ['StatefulSet', 'Deployment'],
  '/apis/batch/v1': ['CronJob'],
} as const;

const discovery: Answer = ({ path }) => ({
  body: {
    kind: 'APIResourceList',
    groupVersion: path.slice('/apis/'.length),
    resources: (KINDS[path as keyof typeof KINDS] ?? []).map((kind) => ({
      name: `${kind.toLowerCase()}s`,
      kind,
      namespaced: true,
      verbs: ['get', 'patch'],
    })),
  },
});

const answering =
  (own: Answer): Answer =>
  (request) =>
    request.path in KINDS ? discovery(request) : own(request);

const OURS = { manager: 'go-coffee-dr', operation: 'Update' };
const PULUMI = { manager: 'pulumi-kubernetes-1a2b3c4d', operation: 'Apply' };

test('a stopped workload keeps its number of replicas, and none of its fields stays ours', async () => {
  const managed = { metadata: { name: 'postgres', managedFields: [PULUMI, OURS] } };
  const { cluster, asked } = await clusterOf(answering(() => ({ body: managed })));
  await cluster.stop({ kind: 'StatefulSet', namespace: 'go-coffee', name: 'postgres', replicas: 3 });
  expect(asked.map(({ method, path, type }) => [method, path, type])).toEqual(
    Array(2).fill([
      'PATCH',
      '/apis/apps/v1/namespaces/go-coffee/statefulsets/postgres',
      'application/merge-patch+json',
    ]),
  );
  expect(asked[0]?.body).toMatchObject({
    metadata: { annotations: { 'go-coffee-dr/replicas-before-fence': '3' } },
    spec: { replicas: 0 },
  });
  expect(asked[1]?.body).toMatchObject({ metadata: { managedFields: [PULUMI] } });
  expect(asked[1]?.body).not.toHaveProperty('spec');
});

test('a workload at zero is not stopped, and one that was not stopped is not started', async () => {
  const { cluster, asked } = await clusterOf(answering(() => ({ body: {} })));
  const orders = { kind: 'Deployment', namespace: 'go-coffee', name: 'orders' } as const;
  await cluster.stop({ ...orders, replicas: 0, before: 2 });
  await cluster.resume({ ...orders, replicas: 0 });
  await cluster.suspend({ namespace: 'go-coffee-dr', name: 'dr-daily', suspended: true, stopped: false });
  await cluster.unsuspend({ namespace: 'go-coffee-dr', name: 'dr-daily', suspended: true, stopped: false });
  expect(asked).toEqual([]);
  await cluster.resume({ ...orders, replicas: 0, before: 2 });
  expect(asked[0]?.body).toMatchObject({
    metadata: { annotations: { 'go-coffee-dr/replicas-before-fence': null } },
    spec: { replicas: 2 },
  });
});

test('a quota of no pods is created once, and deleted where it exists', async () => {
  const there = { status: 409, body: { reason: 'AlreadyExists', message: 'resourcequotas "dr-fence" already exists' } };
  const gone = { status: 404, body: { reason: 'NotFound', message: 'not found' } };
  const { cluster, asked } = await clusterOf(({ method }) => (method === 'POST' ? there : gone));
  await cluster.refusePods('go-coffee', 'dr failover --stack dr');
  await cluster.admitPods('go-coffee');
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /api/v1/namespaces/go-coffee/resourcequotas',
    'DELETE /api/v1/namespaces/go-coffee/resourcequotas/dr-fence',
  ]);
  expect(asked[0]?.body).toMatchObject({ spec: { hard: { pods: '0' } } });
});

test('serving pods are those of a Deployment or StatefulSet until they are gone, not those of a Job', async () => {
  const pod = (name: string, owner: string, phase: string, more: object = {}) => ({
    metadata: { name, labels: { 'app.kubernetes.io/name': 'postgres' }, ownerReferences: [{ kind: owner }], ...more },
    status: { phase },
  });
  const items = [
    pod('postgres-0', 'StatefulSet', 'Running', { deletionTimestamp: '2026-11-23T02:00:00Z' }),
    pod('postgres-1', 'StatefulSet', 'Failed'),
    pod('postgres-promotion-1-x', 'Job', 'Running'),
  ];
  const { cluster } = await clusterOf(() => ({ body: { kind: 'PodList', items } }));
  const pods = await cluster.pods('go-coffee');
  expect(pods.filter(({ serves }) => serves).map(({ name }) => name)).toEqual(['postgres-0']);
});

test('a database of the platform itself is not taken for the stack’s', async () => {
  const pod = (name: string, labels: object) => ({
    metadata: { name, labels, ownerReferences: [{ kind: 'StatefulSet' }] },
    status: { phase: 'Running' },
  });
  const name = { 'app.kubernetes.io/name': 'postgres' };
  const items = [
    pod('coffee-db-0', { ...name, app: 'postgres' }),
    pod('postgres-0', { ...name, 'go-coffee-dr/owner': 'stack' }),
  ];
  const { cluster } = await clusterOf(() => ({ body: { kind: 'PodList', items } }));
  const pods = await cluster.pods('go-coffee');
  expect(pods.map(({ app }) => app)).toEqual(['', 'postgres']);
});

test('a denied change is reported in RBAC’s terms, without a token', async () => {
  const message = 'resourcequotas is forbidden: User "reader" cannot create';
  const { cluster } = await clusterOf(() => ({ status: 403, body: { reason: 'Forbidden', message } }));
  const refused = cluster.refusePods('go-coffee', 'x');
  await expect(refused).rejects.toMatchObject({
    code: 'KUBERNETES-FORBIDDEN',
    exit: 2,
    fact: expect.stringContaining('may not create resourcequotas in the namespace go-coffee'),
    hint: expect.stringContaining('may change that namespace'),
  });
  await expect(refused).rejects.not.toThrow('secret-token');
});
