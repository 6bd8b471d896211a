import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openAccess } from '../../../recovery/kubernetes/access.ts';
import { preferredTypes } from '../../../recovery/kubernetes/discovery.ts';
import { scratch } from '../../scratch.ts';
import { typeOf } from '../workloads/objects/make-object.ts';
import { fakeApi, refuse } from './server-fixture.ts';

const CONFIG_MAPS = typeOf('v1', 'ConfigMap');
const named = (name: string) => ({ metadata: { name, namespace: 'shop' } });

describe('lists', () => {
  test('reads all pages, each item with its kind, and keeps fields that the client does not know', async () => {
    const { cluster, asked } = await fakeApi(
      (_, query) =>
        query.get('continue') === null
          ? { metadata: { continue: 'page 2' }, items: [{ ...named('a'), fieldOfTomorrow: { x: 1 } }] }
          : { metadata: {}, items: [named('b')] },
      { pageSize: 1 },
    );
    expect(await cluster.list(CONFIG_MAPS, 'shop')).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', ...named('a'), fieldOfTomorrow: { x: 1 } },
      { apiVersion: 'v1', kind: 'ConfigMap', ...named('b') },
    ]);
    expect(asked).toEqual([
      '/api/v1/namespaces/shop/configmaps?limit=1',
      '/api/v1/namespaces/shop/configmaps?limit=1&continue=page+2',
    ]);
  });

  test('410 Gone: starts again from the first page, without duplicates', async () => {
    let pages = 0;
    const { cluster } = await fakeApi((_, query) => {
      pages += 1;
      if (query.get('continue') === null) return { metadata: { continue: 'next' }, items: [named(`a${pages}`)] };
      return pages === 2 ? refuse(410, 'Expired', 'too old resource version') : { items: [named('b')] };
    });
    const items = await cluster.list(CONFIG_MAPS, 'shop');
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['a3', 'b']);
  });

  test('a kind whose definition was just deleted is empty', async () => {
    const { cluster } = await fakeApi(() => undefined);
    expect(await cluster.list(typeOf('example.com/v1', 'Widget'), 'shop')).toEqual([]);
    expect(await cluster.get(CONFIG_MAPS, 'a', 'shop')).toBeUndefined();
  });
});

describe('failures', () => {
  test('a busy server is retried, and the retry is reported', async () => {
    const told: string[] = [];
    let calls = 0;
    const { cluster } = await fakeApi(
      () => {
        calls += 1;
        return calls < 3 ? refuse(calls === 1 ? 503 : 429, 'Busy', 'come again') : { items: [named('a')] };
      },
      { onRetry: (detail) => told.push(detail) },
    );
    expect(await cluster.list(CONFIG_MAPS, 'shop')).toHaveLength(1);
    expect(told).toEqual(Array(2).fill('/api/v1/namespaces/shop/configmaps: come again'));
  });

  test.each([
    ['an item without metadata', { items: [{ data: {} }] }],
    ['labels that are not text', { items: [{ metadata: { name: 'a', labels: { app: 1 } } }] }],
    ['a page of another program', { items: 'none' }],
  ])('an answer of another shape is not used: %s', async (_, page) => {
    const { cluster } = await fakeApi(() => page);
    await expect(cluster.list(CONFIG_MAPS, 'shop')).rejects.toMatchObject({
      code: 'KUBERNETES-FAILED',
      fact: expect.stringContaining('unexpected answer'),
    });
  });

  test('forbidden: verb, resource and namespace, at once', async () => {
    const { cluster, asked } = await fakeApi(() => refuse(403, 'Forbidden', 'User "dr" cannot list'));
    await expect(cluster.list(typeOf('apps/v1', 'Deployment'), 'shop')).rejects.toMatchObject({
      code: 'KUBERNETES-FORBIDDEN',
      exit: 2,
      where: expect.stringMatching(/^context fake \(http/),
      fact: 'may not list deployments.apps in the namespace shop: User "dr" cannot list',
    });
    expect(asked).toHaveLength(1);
  });

  test('expired credentials are reported as such, and not shown', async () => {
    const { cluster } = await fakeApi(() => refuse(401, 'Unauthorized'));
    const error = await cluster.version().then(undefined, (cause: Error) => cause);
    expect(error).toMatchObject({ code: 'KUBERNETES-CREDENTIALS', exit: 2, fact: expect.stringContaining('expired') });
    expect(JSON.stringify(error)).not.toContain('secret-token');
  });

  test('a server that accepts a request and never answers', async () => {
    const { cluster } = await fakeApi(() => 'nothing', { timeoutSeconds: 0.05 });
    await expect(cluster.version()).rejects.toMatchObject({
      code: 'KUBERNETES-UNREACHABLE',
      fact: expect.stringContaining('timeout'),
    });
  });

  test('an interrupted run sends no further request', async () => {
    const stop = new AbortController();
    const { cluster, asked } = await fakeApi(
      () => {
        stop.abort();
        return 'nothing';
      },
      { signal: stop.signal },
    );
    await expect(cluster.version()).rejects.toMatchObject({ code: 'INTERRUPTED', exit: 130 });
    expect(asked).toHaveLength(1);
  });
});

const verbs = ['create', 'get', 'list', 'delete'];
const resource = (name: string, kind: string, more = {}) => ({ name, kind, namespaced: true, verbs, ...more });

describe('discovery', () => {
  test('each kind once, in the first version that has it', () => {
    const served = [
      { version: 'v2', resources: [resource('hpas', 'Hpa'), resource('hpas/status', 'Hpa')] },
      { version: 'v1', resources: [resource('hpas', 'Hpa'), resource('old', 'Old')] },
      {
        version: 'v1beta1',
        resources: [resource('hpas', 'Hpa'), resource('metrics', 'Metrics', { verbs: ['get', 'list'] })],
      },
    ];
    const common = { group: 'autoscaling', namespaced: true };
    expect(preferredTypes('autoscaling', served)).toEqual([
      { ...common, version: 'v2', kind: 'Hpa', plural: 'hpas', otherVersions: ['v1', 'v1beta1'] },
      { ...common, version: 'v1', kind: 'Old', plural: 'old', otherVersions: [] },
    ]);
  });

  const group = (name: string, ...versions: string[]) => ({
    name,
    versions: versions.map((version) => ({ version })),
    preferredVersion: { version: versions.at(-1) },
  });
  const core = { resources: [resource('configmaps', 'ConfigMap')] };

  test('the preferred version, which needs not be the first', async () => {
    const { cluster } = await fakeApi((path) => {
      if (path === '/api/v1') return core;
      if (path === '/apis') return { groups: [group('example.com', 'v1beta1', 'v1')] };
      return path.startsWith('/apis/example.com/') ? { resources: [resource('widgets', 'Widget')] } : undefined;
    });
    const { types, silentGroups } = await cluster.discover();
    expect(types.map(({ kind, version, otherVersions }) => [kind, version, otherVersions])).toEqual([
      ['ConfigMap', 'v1', []],
      ['Widget', 'v1', ['v1beta1']],
    ]);
    expect(silentGroups).toEqual([]);
  });

  test('a group whose own server is down is named and does not stop the others', async () => {
    const { cluster } = await fakeApi((path) => {
      if (path === '/api/v1') return core;
      if (path === '/apis') return { groups: [group('metrics.example.com', 'v1')] };
      if (path.startsWith('/apis/apiregistration')) return { spec: { service: { name: 'metrics' } } };
      return refuse(503, 'ServiceUnavailable');
    });
    const { types, silentGroups } = await cluster.discover();
    expect(types).toHaveLength(1);
    expect(silentGroups).toEqual(['metrics.example.com']);
  });

  test('a group of the API server itself that does not answer is a failure', async () => {
    const { cluster } = await fakeApi((path) => {
      if (path === '/api/v1') return core;
      if (path === '/apis') return { groups: [group('apps', 'v1')] };
      return path.startsWith('/apis/apiregistration') ? { spec: {} } : refuse(503, 'ServiceUnavailable');
    });
    await expect(cluster.discover()).rejects.toMatchObject({
      code: 'KUBERNETES-UNREACHABLE',
      fact: expect.stringContaining('/apis/apps/v1'),
    });
  });
});

describe('the choice of the cluster', () => {
  test('uses the named context, never the current one, and suggests similar names', async () => {
    const { kubeconfig } = await fakeApi(() => undefined);
    const open = (context: string) => openAccess({ kubeconfig, context, namespaces: ['shop'] });
    await expect(open('fkae')).rejects.toMatchObject({
      code: 'CONTEXT-UNKNOWN',
      exit: 2,
      hint: expect.stringContaining('fake'),
    });
    await expect(open('torn')).rejects.toMatchObject({ code: 'KUBECONFIG-INVALID', exit: 2 });
  });

  test('an invalid kubeconfig is refused, and its text is not shown', async () => {
    const folder = await scratch();
    const open = (name: string) =>
      openAccess({ kubeconfig: join(folder, name), context: 'fake', namespaces: ['shop'] });
    await expect(open('missing')).rejects.toMatchObject({
      code: 'KUBECONFIG-UNREADABLE',
      fact: expect.stringContaining('ENOENT'),
    });
    await writeFile(join(folder, 'torn'), 'users: [{name: a, user: {token: secret-token');
    const error = await open('torn').then(undefined, (cause: Error) => cause);
    expect(error).toMatchObject({ code: 'KUBECONFIG-INVALID', exit: 2 });
    expect(`${error}${JSON.stringify(error)}`).not.toContain('secret-token');
  });

  test('inCluster outside of a pod is refused', async () => {
    delete process.env.KUBERNETES_SERVICE_HOST;
    await expect(openAccess({ inCluster: true, namespaces: ['shop'] })).rejects.toMatchObject({
      code: 'KUBERNETES-NOT-INSIDE',
      exit: 2,
    });
  });
});
