/** What would run at the standby, against the nodes of its cluster as its API shows them. */
import { expect, test } from 'vitest';
import type { KubeObject } from '../../../../recovery/kubernetes/objects.ts';
import { lookAtStandby } from '../../../../recovery/status/standby/look.ts';
import { quantityOf } from '../../../../recovery/status/standby/quantity.ts';
import { fitPods } from '../../../../recovery/status/standby/room.ts';
import { scratch } from '../../../scratch.ts';
import { makeSite } from '../../config/site-fixture.ts';
import { type StackCluster, startStackCluster } from '../../kubernetes/stack-cluster.ts';

const GI = 1024 ** 3;

test.each([
  ['250m', 0.25],
  ['2', 2],
  ['1.5Gi', 1.5 * GI],
  ['128974848', 128_974_848],
  ['129e6', 129e6],
  ['100k', 100_000],
  ['32562500Ki', 32_562_500 * 1024],
])('a quantity: %s', (text, value) => {
  expect(quantityOf(text)).toBeCloseTo(value, 6);
});

test.each(['', 'much', '1.5 Gi', '5Xi'])('no quantity, and not zero: "%s"', (text) => {
  expect(() => quantityOf(text)).toThrow('is not a quantity');
});

test('room in all is no room for a pod that fits on no node; each node takes so many pods', () => {
  const nodes = [1, 2].map((n) => ({ name: `n${n}`, cpu: 2, memory: 4 * GI, pods: 3 }));
  const pods = (what: string, number: number, cpu: number) => ({ what, pods: number, cpu, memory: GI });
  expect(fitPods(nodes, [pods('a', 2, 1.5)])).toEqual({ placed: 2, left: [], unsized: 0 });
  expect(fitPods(nodes, [pods('a', 1, 3)]).left).toEqual([pods('a', 1, 3)]);
  expect(fitPods(nodes, [pods('small', 3, 0.5), pods('large', 1, 2)])).toMatchObject({ placed: 4, left: [] });
  expect(fitPods(nodes, [{ what: 'b', pods: 7, cpu: 0, memory: 0 }])).toMatchObject({ placed: 6, unsized: 7 });
});

const object = (kind: string, name: string, fields: object, namespace?: string): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, uid: `uid of ${name}`, ...(namespace === undefined ? {} : { namespace }) },
  ...fields,
});
const container = (image: string, cpu?: string) => ({
  name: 'c',
  image,
  ...(cpu === undefined ? {} : { resources: { requests: { cpu, memory: '1Gi' } } }),
});
const runs = (kind: string, name: string, replicas: number, image: string, cpu?: string): KubeObject =>
  object(kind, name, { spec: { replicas, template: { spec: { containers: [container(image, cpu)] } } } }, 'go-coffee');

function node(
  name: string,
  changes: { readonly images?: readonly string[]; readonly taints?: readonly object[] } = {},
) {
  const { images = [], taints = [] } = changes;
  const status = {
    allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True' }],
    images: [{ names: images }],
  };
  return object('Node', name, { spec: { taints }, status });
}

async function twoClusters() {
  const [here, there] = [await startStackCluster(), await startStackCluster()];
  here.put(
    object('Namespace', 'kube-system', { metadata: { name: 'kube-system', uid: 'here' } }),
    runs('Deployment', 'order', 3, 'registry.test/order:1', '1'),
    runs('StatefulSet', 'postgres', 1, 'postgres:17', '2'),
    runs('DaemonSet', 'agent', 1, 'registry.test/agent@sha256:5'),
  );
  there.put(
    object('Namespace', 'kube-system', { metadata: { name: 'kube-system', uid: 'there' } }),
    runs('Deployment', 'order', 0, 'registry.test/order:1', '1'),
    runs('StatefulSet', 'postgres', 1, 'postgres:17', '2'),
    node('open', { images: ['registry.test/order:1', 'docker.io/library/postgres:17'] }),
    node('control-plane', { taints: [{ key: 'control-plane', effect: 'NoSchedule' }] }),
  );
  const used = { nodeName: 'open', containers: [container('postgres:17', '2')] };
  const refused = [{ name: 'c', image: 'registry.test/pay:2', state: { waiting: { reason: 'ImagePullBackOff' } } }];
  there.put(
    object('Pod', 'postgres-0', { spec: used, status: { phase: 'Running' } }, 'go-coffee'),
    object('Pod', 'done', { spec: used, status: { phase: 'Succeeded' } }, 'go-coffee'),
    object('Pod', 'pay', { spec: { containers: [] }, status: { containerStatuses: refused } }, 'go-coffee'),
  );
  const look = async (other: Pick<StackCluster, 'kubeconfig'>) => {
    const site = await makeSite(await scratch());
    const context = 'production';
    const kubernetes = { context, kubeconfig: here.kubeconfig, namespaces: ['go-coffee'] };
    const standby = { context, kubeconfig: other.kubeconfig };
    return lookAtStandby({ ...site, environment: { ...site.environment, kubernetes, standby } });
  };
  return { here, there, look };
}

test('what is not there yet must find room on nodes that take pods; images that no node has were not tried', async () => {
  const { there, look } = await twoClusters();
  expect(await look(there)).toMatchObject({
    nodes: 1,
    // Four cores, of which the running PostgreSQL has two.
    fit: { placed: 2, left: [{ what: 'Deployment.apps go-coffee/order', pods: 1 }], unsized: 0 },
    images: { wanted: 3, absent: ['registry.test/agent@sha256:5'], refused: ['registry.test/pay:2'] },
  });
  there.put(node('second', { images: ['registry.test/agent@sha256:5'] }));
  expect(await look(there)).toMatchObject({ nodes: 2, fit: { placed: 3, left: [] }, images: { absent: [] } });
});

test('the own cluster is no standby, one that does not answer is an error, and without `standby` nothing is asked', async () => {
  const { here, look } = await twoClusters();
  await expect(look(here)).rejects.toMatchObject({ code: 'STANDBY-ITSELF', exit: 2 });
  await expect(look({ kubeconfig: '/nonexistent' })).rejects.toMatchObject({ where: expect.anything() });
  expect(await lookAtStandby(await makeSite(await scratch()))).toBeUndefined();
});
