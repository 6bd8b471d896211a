/** A teardown deletes the stack's own objects, and nothing that anything else has or needs. */
import { expect, test } from 'vitest';
import { DrError, EXIT } from '../../../recovery/core/errors.ts';
import type { KubeObject } from '../../../recovery/kubernetes/objects.ts';
import { rebuild } from '../../../recovery/rebuild/rebuild.ts';
import { planTeardown } from '../../../recovery/rebuild/teardown/plan.ts';
import { previewTeardown, teardown } from '../../../recovery/rebuild/teardown/teardown.ts';
import { teardownLines, teardownName } from '../../../recovery/rebuild/teardown/text.ts';
import { type FakeResource, newBackend } from './fake-engine.ts';
import { clusterThat, portsOf, REQUEST, RESOURCES, type Scratch, scratch, teardownPorts } from './rebuild-fixture.ts';

const SHARED: readonly FakeResource[] = [
  { kind: 'CustomResourceDefinition', name: 'orders.shop.example', adopted: true },
  { kind: 'StorageClass', name: 'fast', adopted: true },
  // An earlier stack's, without a label of ours; made by the provider that does not take over.
  { kind: 'ClusterRole', name: 'reader' },
  { kind: 'ClusterRole', name: 'dr-capture-go-coffee', own: true },
];

function live(
  kind: string,
  path: string,
  rest: Readonly<Record<string, unknown>> & { metadata?: object } = {},
): KubeObject {
  const [namespace, name = ''] = path.includes('/') ? path.split('/') : [undefined, path];
  const { metadata, ...fields } = rest;
  return {
    apiVersion: 'v1',
    kind,
    ...fields,
    metadata: { name, uid: `other-${kind}/${path}`, ...(namespace && { namespace }), ...metadata },
  };
}

async function deployed(at: Scratch, resources: readonly FakeResource[]) {
  const backend = newBackend(resources);
  const ports = portsOf(backend, at.stateDir);
  await rebuild(REQUEST, ports);
  return { backend, ports, end: (others: readonly KubeObject[] = []) => teardownPorts(ports, backend, others) };
}

const FRESH = { stack: 'fresh', include: [] };

test('it asks, deletes what a rebuild has made, and refuses every other stack', async () => {
  await using at = await scratch();
  const { backend, end } = await deployed(at, RESOURCES);
  const ports = end();
  const stack = backend.stacks.get('fresh');
  if (stack) stack.outputs = { ...stack.outputs, role: 'primary' };
  await expect(teardown(FRESH, ports)).rejects.toMatchObject({ code: 'TEARDOWN-REFUSED', exit: EXIT.locked });
  if (stack) stack.outputs = { ...stack.outputs, role: 'recovery' };
  await teardown(FRESH, ports);
  const [asked] = ports.asked;
  expect(asked && teardownLines(asked)).toEqual([
    'destroy stack fresh: 11 resources, volumes and data included',
    'namespace go-coffee with everything in it',
    'the repositories are not changed',
  ]);
  expect([backend.stacks.size, backend.cluster.size]).toEqual([0, 0]);
  await expect(teardown(FRESH, ports)).rejects.toMatchObject({ code: 'STACK-UNKNOWN' });
});

test('what is of the whole cluster stays, unless it is named; then what goes with it is listed', async () => {
  await using at = await scratch();
  const { backend, end } = await deployed(at, [...RESOURCES, ...SHARED]);
  const others = [
    live('CustomResourceDefinition', 'orders.shop.example', {
      metadata: { uid: 'uid-CustomResourceDefinition/orders.shop.example' },
    }),
    live('Order', 'shop/first', { apiVersion: 'shop.example/v1' }),
    live('PersistentVolumeClaim', 'shop/data', { spec: { storageClassName: 'fast' } }),
    live('PersistentVolume', 'pv-1', { spec: { storageClassName: 'fast' } }),
  ];
  const plan = await previewTeardown(FRESH, end(others));
  expect(plan.kept.map(({ name }) => name)).toEqual([
    'CustomResourceDefinition/orders.shop.example',
    'StorageClass/fast',
    'ClusterRole/reader',
  ]);
  const include = ['StorageClass/fast'];
  const named = await previewTeardown({ stack: 'fresh', include }, end(others));
  expect(named.included).toEqual([
    { name: 'StorageClass/fast', with: ['PersistentVolumeClaim/shop/data', 'PersistentVolume/pv-1'] },
  ]);
  expect(teardownName(named)).toBe('fresh,StorageClass/fast');
  await expect(previewTeardown({ stack: 'fresh', include: ['StorageClass/slow'] }, end())).rejects.toMatchObject({
    code: 'INCLUDE-UNKNOWN',
    exit: EXIT.usage,
  });
  const done = await teardown({ stack: 'fresh', include }, end(others));
  expect(done.kept.map(({ name }) => name)).not.toContain('StorageClass/fast');
  expect([...backend.cluster].toSorted()).toEqual([
    'ClusterRole/reader',
    'CustomResourceDefinition/orders.shop.example',
  ]);
});

test('the custom resources of every namespace are listed with their definition', async () => {
  await using at = await scratch();
  const definition = live('CustomResourceDefinition', 'orders.shop.example', {
    apiVersion: 'apiextensions.k8s.io/v1',
    spec: { group: 'shop.example', names: { kind: 'Order' } },
  });
  const { ports } = await deployed(at, RESOURCES);
  const engine = {
    ...ports.engine,
    select: async (name: string) => {
      const stack = await ports.engine.select(name);
      const object = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        name: 'orders.shop.example',
        labels: {},
        uid: definition.metadata.uid ?? '',
      };
      const type = 'kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition';
      const held = { resources: [{ urn: 'urn:crd', type, adopted: false, guarded: true, object }], contexts: ['lab'] };
      return { ...stack, held: async () => held };
    },
  };
  const orders = ['shop/first', 'default/second'].map((path) => live('Order', path, { apiVersion: 'shop.example/v2' }));
  const others = [definition, ...orders, live('Order', 'shop/other', { apiVersion: 'other.example/v1' })];
  const cluster = {
    ...teardownPorts(ports, newBackend([])),
    engine,
    openCluster: async () => clusterThat(async () => others),
  };
  expect((await previewTeardown(FRESH, cluster)).kept).toMatchObject([{ reason: 'it is of the whole cluster' }]);
  const include = ['CustomResourceDefinition/orders.shop.example'];
  expect((await previewTeardown({ stack: 'fresh', include }, cluster)).included).toEqual([
    { name: include[0], with: ['Order/shop/first', 'Order/default/second'] },
  ]);
});

test('nothing is deleted when the cluster can’t say what else is there, or is another one', async () => {
  await using at = await scratch();
  const { backend, end } = await deployed(at, RESOURCES);
  const before = [...backend.cluster];
  const fact = 'may not list secrets: forbidden';
  const refusal = new DrError({ code: 'KUBERNETES-FORBIDDEN', where: 'lab', fact, hint: 'another user' });
  const ports = { ...end(), openCluster: async () => clusterThat(() => Promise.reject(refusal)) };
  await expect(teardown(FRESH, ports)).rejects.toMatchObject({
    code: 'TEARDOWN-UNANSWERED',
    exit: EXIT.locked,
    fact: expect.stringContaining(fact),
  });
  const stack = backend.stacks.get('fresh');
  if (stack) stack.config.cluster = { value: { context: 'elsewhere' } };
  await expect(teardown(FRESH, end())).rejects.toMatchObject({ code: 'TEARDOWN-UNANSWERED' });
  expect([...backend.cluster]).toEqual(before);
});

test('a namespace with somebody else’s objects is refused; what the stack’s own made is not somebody else’s', async () => {
  await using at = await scratch();
  const { backend, end } = await deployed(at, RESOURCES);
  const before = [...backend.cluster];
  const owned = { ownerReferences: [{ kind: 'Deployment', name: 'auth', uid: 'uid-Deployment/auth' }] };
  const made = [
    live('Pod', 'go-coffee/auth-1', { metadata: owned }),
    live('ConfigMap', 'go-coffee/kube-root-ca.crt'),
    live('Endpoints', 'go-coffee/auth'),
  ];
  const foreign = [live('Deployment', 'go-coffee/report'), live('PersistentVolumeClaim', 'go-coffee/report-data')];
  await expect(teardown(FRESH, end([...made, ...foreign]))).rejects.toMatchObject({
    code: 'NAMESPACE-SHARED',
    exit: EXIT.locked,
    fact: expect.stringContaining('Deployment/go-coffee/report, PersistentVolumeClaim/go-coffee/report-data'),
    hint: expect.stringContaining('--include Namespace/go-coffee'),
  });
  expect([...backend.cluster]).toEqual(before);
  const named = await previewTeardown({ stack: 'fresh', include: ['Namespace/go-coffee'] }, end([...made, ...foreign]));
  expect(named.included[0]?.with).toContain('Deployment/go-coffee/report');
  expect((await previewTeardown(FRESH, end(made))).namespaces).toEqual(['go-coffee']);
});

test('an object that was there before, or was replaced by somebody, stays, and so does what others use', async () => {
  await using at = await scratch();
  const elsewhere: FakeResource[] = [
    { kind: 'Namespace', name: 'monitoring', adopted: true },
    { kind: 'ConfigMap', name: 'settings', namespace: 'monitoring' },
    { kind: 'ConfigMap', name: 'unused', namespace: 'monitoring' },
    { kind: 'Secret', name: 'replaced', namespace: 'monitoring' },
  ];
  const { backend, ports } = await deployed(at, [...RESOURCES, ...elsewhere]);
  const volumes = [{ name: 'a', configMap: { name: 'settings' } }];
  const others = [live('Pod', 'monitoring/agent', { spec: { volumes } })];
  const listed = await (await teardownPorts(ports, backend, others).openCluster({ context: 'lab' })).everything();
  const changed = listed.map((object): KubeObject => {
    if (object.metadata.name === 'replaced') return { ...object, metadata: { ...object.metadata, uid: 'another' } };
    if (object.kind !== 'Job') return object;
    return { ...object, metadata: { ...object.metadata, creationTimestamp: '2026-11-01T00:00:00Z' } };
  });
  const end = { ...teardownPorts(ports, backend), openCluster: async () => clusterThat(async () => changed) };
  // A Job in the stack's namespace is older than the stack: the namespace is somebody's.
  await expect(previewTeardown(FRESH, end)).rejects.toMatchObject({ code: 'NAMESPACE-SHARED' });
  const plan = await previewTeardown({ stack: 'fresh', include: ['Namespace/go-coffee'] }, end);
  expect(plan.kept.map(({ name, reason }) => `${name}: ${reason.split(',')[0]}`)).toEqual([
    'Namespace/monitoring: other stacks and the platform use it too: it may be older than the stack',
    'Secret/monitoring/replaced: it is another object of this name',
    'ConfigMap/monitoring/settings: used by Pod/monitoring/agent',
  ]);
});

test('a cluster whose clock is behind: the stack’s own objects are not older than the stack', () => {
  const object = (kind: string, name: string, namespace?: string) => ({
    apiVersion: 'v1',
    kind,
    name,
    labels: {},
    uid: `${kind}/${name}`,
    ...(namespace && { namespace }),
  });
  const of = (held: ReturnType<typeof object>, recordedAt: string) => ({
    urn: `urn:${held.kind}/${held.name}`,
    type: `kubernetes:core/v1:${held.kind}`,
    adopted: false,
    guarded: false,
    object: held,
    recordedAt,
  });
  const since = '2026-11-25T20:00:00Z';
  const [space, settings] = [object('Namespace', 'fresh'), object('ConfigMap', 'settings', 'fresh')];
  const resources = [of(space, '2026-11-25T20:00:01Z'), of(settings, '2026-11-25T20:00:02Z')];
  const live = (minutesBehind: number) =>
    [space, settings].map((held) => ({
      apiVersion: 'v1',
      kind: held.kind,
      metadata: {
        name: held.name,
        uid: held.uid,
        creationTimestamp: new Date(Date.parse(since) - minutesBehind * 60_000).toISOString(),
        ...(held.namespace && { namespace: held.namespace }),
      },
    }));
  const plan = (minutes: number) =>
    planTeardown({ stack: 'fresh', held: { resources, since, contexts: [] }, live: live(minutes), include: [] });
  expect([0, 5, 60].map((minutes) => plan(minutes).namespaces)).toEqual([['fresh'], ['fresh'], []]);
});

test('what comes into the cluster while somebody is asked is not deleted either', async () => {
  await using at = await scratch();
  const { backend, ports } = await deployed(at, [...RESOURCES, ...SHARED]);
  const before = [...backend.cluster];
  const others: KubeObject[] = [];
  const late = (object: KubeObject) => ({
    ...teardownPorts(ports, backend, others),
    approve: async () => void others.push(object),
  });
  await expect(teardown(FRESH, late(live('Pod', 'go-coffee/theirs')))).rejects.toMatchObject({
    code: 'NAMESPACE-SHARED',
  });
  others.length = 0;
  const binding = { roleRef: { kind: 'ClusterRole', name: 'dr-capture-go-coffee' } };
  await expect(teardown(FRESH, late(live('ClusterRoleBinding', 'theirs', binding)))).rejects.toMatchObject({
    code: 'TEARDOWN-CHANGED',
    exit: EXIT.locked,
  });
  expect([...backend.cluster]).toEqual(before);
});
