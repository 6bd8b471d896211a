/** What is asked of a cluster, by a cluster that is only a list of objects. */
import { expect, test } from 'vitest';
import { OBJECT_PARTS } from '../../../../plan/types.ts';
import { DrError } from '../../../../recovery/core/errors.ts';
import { KubernetesAnswer } from '../../../../recovery/kubernetes/failure.ts';
import {
  type Cluster,
  type KubeObject,
  kindName,
  nameOf,
  type ResourceType,
} from '../../../../recovery/kubernetes/objects.ts';
import { makeCapture } from '../../../../recovery/workloads/objects/make.ts';
import { readCluster } from '../../../../recovery/workloads/objects/read.ts';
import { refuseUnread } from '../../../../recovery/workloads/objects/unread.ts';
import { CLUSTER_TYPES, clusterWide, ownedBy, served, typeOf } from './make-object.ts';

const NAMESPACED = [
  ...['Pod', 'Service', 'ConfigMap', 'Event', 'ServiceAccount'].map((kind) => typeOf('v1', kind)),
  typeOf('networking.k8s.io/v1', 'Ingress', true, 'ingresses'),
  typeOf('apps/v1', 'Deployment'),
  typeOf('cert-manager.io/v1', 'Certificate'),
  typeOf('extensions/v1beta1', 'Ingress', true, 'ingresses'),
];
const CONFIGURATIONS = typeOf('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', false);

interface Asked {
  readonly cluster: Cluster;
  /** `list Pod shop`, `get ClusterRole.rbac.authorization.k8s.io reader` */
  readonly asked: string[];
}

function clusterOf(...objects: readonly KubeObject[]): Asked {
  const asked: string[] = [];
  const isOf = (type: ResourceType) => (object: KubeObject) =>
    object.kind === type.kind &&
    object.apiVersion === (type.group === '' ? type.version : `${type.group}/${type.version}`);
  const cluster: Cluster = {
    describe: 'context test',
    version: async () => 'v1.34.4',
    discover: async () => ({
      types: [...NAMESPACED, ...CLUSTER_TYPES, CONFIGURATIONS],
      silentGroups: ['metrics.example.com'],
    }),
    async list(type, namespace) {
      asked.push(['list', kindName(type), namespace].filter(Boolean).join(' '));
      return objects.filter(
        (object) => isOf(type)(object) && (namespace === undefined || object.metadata.namespace === namespace),
      );
    },
    async get(type, name) {
      asked.push(`get ${kindName(type)} ${name}`);
      return objects.find((object) => isOf(type)(object) && object.metadata.name === name);
    },
    async [Symbol.asyncDispose]() {},
  };
  return { cluster, asked };
}

const SHOP = clusterWide('v1', 'Namespace', 'shop');

async function captured(...objects: readonly KubeObject[]): Promise<string[]> {
  const { parts } = makeCapture(await readCluster(clusterOf(SHOP, ...objects).cluster, ['shop']));
  return Object.values(parts).flatMap((part) => part.map(({ object }) => nameOf(object)));
}

test('only the namespaces that are named, and no kind that is never stored', async () => {
  const { cluster, asked } = clusterOf(SHOP, served('v1', 'ConfigMap', 'a'));
  const content = await readCluster(cluster, ['shop']);
  expect(content).toMatchObject({ version: 'v1.34.4', silentGroups: ['metrics.example.com'] });
  expect(asked.filter((each) => / (ConfigMap|Event)\b/.test(each))).toEqual(['list ConfigMap shop']);
});

test('what is named is followed to its end, and what is not named is not even looked at', async () => {
  const issuer = clusterWide('cert-manager.io/v1', 'ClusterIssuer', 'main');
  const definitions = ['certificates', 'clusterissuers'].map((plural) =>
    clusterWide('apiextensions.k8s.io/v1', 'CustomResourceDefinition', `${plural}.cert-manager.io`),
  );
  const certificate = served('cert-manager.io/v1', 'Certificate', 'shop', {
    spec: { issuerRef: { kind: 'ClusterIssuer', name: 'main' } },
  });
  expect(
    await captured(certificate, issuer, ...definitions, clusterWide('cert-manager.io/v1', 'ClusterIssuer', 'other')),
  ).toEqual([
    'Certificate.cert-manager.io shop/shop',
    'ClusterIssuer.cert-manager.io main',
    'CustomResourceDefinition.apiextensions.k8s.io certificates.cert-manager.io',
    'CustomResourceDefinition.apiextensions.k8s.io clusterissuers.cert-manager.io',
    'Namespace shop',
  ]);
});

test('what is left out needs nothing', async () => {
  const deployment = served('apps/v1', 'Deployment', 'api');
  const pod = served('v1', 'Pod', 'api-1', { metadata: ownedBy(deployment), spec: { priorityClassName: 'tier-1' } });
  const priority = clusterWide('scheduling.k8s.io/v1', 'PriorityClass', 'tier-1');
  expect(await captured(deployment, pod, priority)).toEqual(['Deployment.apps shop/api', 'Namespace shop']);
});

test('the class of pods that name none', async () => {
  const priority = clusterWide('scheduling.k8s.io/v1', 'PriorityClass', 'usual', { globalDefault: true });
  expect(await captured(priority)).toEqual(['Namespace shop', 'PriorityClass.scheduling.k8s.io usual']);
});

test('one object in two groups is captured once, in the group that comes first', async () => {
  const ingress = served('networking.k8s.io/v1', 'Ingress', 'api');
  const again = { ...ingress, apiVersion: 'extensions/v1beta1' };
  expect(await captured(again, ingress)).toEqual(['Ingress.networking.k8s.io shop/api', 'Namespace shop']);
});

test('a webhook whose service is not of the platform is captured with that said', async () => {
  const webhooks = [
    {
      rules: [{ apiGroups: ['*'], resources: ['*'] }],
      clientConfig: { service: { namespace: 'istio-system', name: 'istiod' } },
    },
  ];
  const config = clusterWide('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'istio', {
    webhooks,
  });
  const { parts } = makeCapture(await readCluster(clusterOf(SHOP, config).cluster, ['shop']));
  expect(parts.manifests.find(({ object }) => object.metadata.name === 'istio')?.outside).toEqual([
    'istio-system/istiod',
  ]);
});

test.each([
  ['NAMESPACE-MISSING', []],
  [
    'NAMESPACE-TERMINATING',
    [clusterWide('v1', 'Namespace', 'shop', { metadata: { deletionTimestamp: '2026-11-25T00:00:00Z' } })],
  ],
])('%s: a capture of nothing would become the newest good copy', async (code, objects) => {
  await expect(readCluster(clusterOf(...objects).cluster, ['shop'])).rejects.toMatchObject({ code, exit: 6 });
});

test('a namespace that is missing or may not be read leaves the others whole, and is told apart from an empty one', async () => {
  const { cluster } = clusterOf(SHOP, clusterWide('v1', 'Namespace', 'tea'), served('v1', 'ConfigMap', 'a'));
  const forbidden = new DrError({
    code: 'KUBERNETES-FORBIDDEN',
    where: 'context test',
    fact: 'may not list configmaps in the namespace tea',
    hint: 'x',
    cause: new KubernetesAnswer(403, 'Forbidden', 'forbidden'),
  });
  const closed: Cluster = {
    ...cluster,
    list: (type, namespace) => (namespace === 'tea' ? Promise.reject(forbidden) : cluster.list(type, namespace)),
  };
  const content = await readCluster(closed, ['shop', 'tea', 'nowhere']);
  expect(content.namespaces).toEqual(['shop']);
  expect(content.unread).toEqual([]);
  expect(content.lacking).toMatchObject([
    { name: 'nowhere', error: { code: 'NAMESPACE-MISSING' } },
    { name: 'tea', error: { code: 'KUBERNETES-FORBIDDEN' } },
  ]);
  await expect(readCluster(closed, ['tea', 'nowhere'])).rejects.toMatchObject({ code: 'NAMESPACE-MISSING' });
  // Where only some kinds are refused, the parts that hold them fail: what is left would look complete.
  const partly: Cluster = {
    ...cluster,
    list: (type, namespace) =>
      namespace === 'tea' && type.kind === 'ConfigMap' ? Promise.reject(forbidden) : cluster.list(type, namespace),
  };
  const { lacking, unread } = await readCluster(partly, ['shop', 'tea']);
  expect(lacking).toEqual([]);
  expect(unread.map(({ type }) => type.kind)).toEqual(['ConfigMap']);
});

test('a kind that can’t be read fails the part that would hold it, and no other', async () => {
  const { cluster } = clusterOf(SHOP, served('v1', 'ConfigMap', 'a'), served('v1', 'ServiceAccount', 'b'));
  const refusal = (status: number, message: string) =>
    new DrError({
      code: status >= 500 ? 'KUBERNETES-UNREACHABLE' : 'KUBERNETES-FAILED',
      where: 'context test',
      fact: `HTTP ${status} ${message}`,
      hint: 'x',
      cause: new KubernetesAnswer(status, '', message),
    });
  const broken = (kind: string, error: Error): Cluster => ({
    ...cluster,
    list: (type, namespace) => (type.kind === kind ? Promise.reject(error) : cluster.list(type, namespace)),
  });
  const failing = async (kind: string, error: Error) => {
    const content = await readCluster(broken(kind, error), ['shop']);
    const { parts } = makeCapture(content);
    return OBJECT_PARTS.flatMap((part) => {
      try {
        refuseUnread(part, content.unread);
        expect(Object.keys(parts)).toContain(part);
        return [];
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'KINDS-UNREADABLE', fact: expect.stringContaining(kind) });
        return [part];
      }
    });
  };
  expect(await failing('Certificate', refusal(500, 'conversion webhook for cert-manager.io/v1 failed'))).toEqual([
    'manifests',
  ]);
  expect(await failing('Ingress', refusal(405, 'the server does not allow this method'))).toEqual(['manifests']);
  expect(await failing('ServiceAccount', refusal(403, 'forbidden'))).toEqual(['access']);
  expect(await failing('ConfigMap', refusal(500, 'etcd'))).toEqual(['configuration', 'monitoring']);
  const gone = new DrError({ code: 'KUBERNETES-UNREACHABLE', where: 'x', fact: 'no route to host', hint: 'x' });
  await expect(readCluster(broken('ConfigMap', gone), ['shop'])).rejects.toBe(gone);
});
