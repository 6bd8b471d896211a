/** A captured platform: what other restores have stumbled over, services of the plan, and what a stack declares itself. */
import { groupOf, type KubeObject } from '../../../recovery/kubernetes/objects.ts';
import type { ResolvedPoint } from '../../../recovery/points/resolved/resolved-point.ts';
import type { ManifestSnapshot } from '../../../recovery/public.ts';
import { isTransient } from '../../../recovery/workloads/objects/leave-out.ts';
import { makeCapture } from '../../../recovery/workloads/objects/make.ts';
import { inNamespace, NAMESPACE, OF_THE_CLUSTER, OF_THE_NAMESPACE, webhook } from '../../cluster/capture-objects.ts';
import { STORED_SECRETS } from '../recording.ts';
import { PIN as DATABASE_PIN } from './recovery-stack.ts';

/** As a cluster gives it; a name that a server made up is made up here. */
function asRead(object: object): KubeObject {
  const { metadata, ...rest } = object as { metadata: { name?: string; generateName?: string } };
  const { generateName, ...named } = metadata;
  return {
    ...rest,
    metadata: generateName === undefined ? named : { ...named, name: `${generateName}x7k2p` },
  } as KubeObject;
}

export function captureOf(objects: readonly object[], namespaces: readonly string[] = [NAMESPACE]): ManifestSnapshot {
  const all = objects.map(asRead).map((object) => ({
    type: { group: groupOf(object), version: '', kind: object.kind, plural: '', namespaced: true, otherVersions: [] },
    object,
  }));
  const read = all.filter(({ type }) => !isTransient(type));
  const { parts } = makeCapture({
    describe: 'test',
    version: 'v1.34.4',
    namespaces,
    read,
    silentGroups: [],
    unread: [],
    lacking: [],
    gaps: [],
    snapshotClasses: new Map(),
  });
  return { objects: Object.values(parts).flat(), namespaces, images: [], notes: [] };
}

const image = (name: string) => `registry.test/${name}:1.4.2`;

export function deployment(name: string, labels: Readonly<Record<string, string>> = { app: name }, more: object = {}) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: inNamespace(name, { labels }),
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name,
              image: image(name),
              args: ['--orders=http://order-service.go-coffee:8080'],
              env: [{ name: 'DATABASE_HOST', value: 'postgres.go-coffee.svc' }],
              ...more,
            },
          ],
        },
      },
    },
  };
}

export function service(name: string, labels: Readonly<Record<string, string>> = { app: name }) {
  const ports = [{ port: 8080 }];
  return { apiVersion: 'v1', kind: 'Service', metadata: inNamespace(name), spec: { selector: labels, ports } };
}

export function ingress(name: string, backends: readonly string[], host = `${name}.coffee.example.com`) {
  const paths = backends.map((backend) => ({
    path: `/${backend}`,
    pathType: 'Prefix',
    backend: { service: { name: backend, port: { number: 8080 } } },
  }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: inNamespace(name),
    spec: { rules: [{ host, http: { paths } }], tls: [{ hosts: [host], secretName: 'tls' }] },
  };
}

function batch(kind: 'Job' | 'CronJob', name: string) {
  const job = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'job', image: image('job') }] } } };
  const spec = kind === 'Job' ? job : { schedule: '0 3 * * *', jobTemplate: { spec: job } };
  return { apiVersion: 'batch/v1', kind, metadata: inNamespace(name), spec };
}

const SERVICES: readonly object[] = [
  ...['auth-service', 'order-service', 'ai-search', 'loyalty'].flatMap((name) => [deployment(name), service(name)]),
  ingress('shop', ['loyalty', 'auth-service']),
  ingress('orders', ['order-service']),
  batch('CronJob', 'order-service-cleanup'),
  batch('Job', 'import'),
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: inNamespace('orders'),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'order-service' },
      minReplicas: 2,
      maxReplicas: 5,
    },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: inNamespace('auth'),
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'auth-service' } } },
  },
];

/** Also in namespaces that the capture was not of. */
const FOREIGN = ['tea', 'unused', 'unbound', 'tea-nodes'];

export const OBJECTS: readonly object[] = [
  ...OF_THE_CLUSTER.filter((object) => !FOREIGN.includes(asRead(object).metadata.name)),
  ...OF_THE_NAMESPACE,
  ...SERVICES,
  deployment('api', { app: 'api' }),
  webhook('guard', 'coffee', 'api'),
  webhook('gone', 'coffee', 'guard-that-is-gone'),
];

export const PLATFORM: ManifestSnapshot = captureOf(OBJECTS);

const { redis: _, ...DATABASE } = DATABASE_PIN;

export const PIN: ResolvedPoint = {
  ...DATABASE,
  objects: [
    {
      workload: 'kubernetes-manifests',
      point: '20261123T010000Z-full-0000',
      snapshot: 'b'.repeat(64),
      capturedAt: '2026-11-23T01:00:00Z',
      part: 'manifests',
    },
  ],
};

/** Config of a stack that is recovered, before its first `up` and after. */
export function recoveryConfig(settings: object = {}) {
  return {
    role: 'recovery',
    generation: 2,
    recovery: { from: PIN.from, repository: PIN.repository, ...settings },
    secrets: { from: 'config' },
    secretValues: STORED_SECRETS,
  };
}
