import { describe, expect, test } from 'vitest';
import { fieldsOf, type KubeObject } from '../../../../recovery/kubernetes/objects.ts';
import { strip } from '../../../../recovery/workloads/objects/strip.ts';
import { clusterWide, served } from './make-object.ts';

const spec = (object: KubeObject): unknown => strip(object).spec;

describe('metadata', () => {
  test('only what a person gives is kept', () => {
    const object = served('v1', 'ConfigMap', 'rates-x7k2p', {
      metadata: {
        generateName: 'rates-',
        selfLink: '/api/v1/…',
        deletionGracePeriodSeconds: 30,
        finalizers: ['example.com/hold'],
        ownerReferences: [{ kind: 'App', name: 'shop', uid: 'gone' }],
        labels: { app: 'rates' },
        annotations: {
          note: 'ours',
          'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"password":"old"}}',
        },
      },
      data: { EUR: '1' },
      immutable: true,
    });
    expect(strip(object)).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'rates-x7k2p', namespace: 'shop', labels: { app: 'rates' }, annotations: { note: 'ours' } },
      data: { EUR: '1' },
      immutable: true,
    });
  });

  test('nothing empty is left behind', () => {
    const annotations = { 'deployment.kubernetes.io/revision': '3' };
    const object = served('apps/v1', 'Deployment', 'api', {
      metadata: { annotations },
      spec: { replicas: 1 },
      status: {},
    });
    expect(strip(object)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'api', namespace: 'shop' },
      spec: { replicas: 1 },
    });
  });

  test('a namespace may come back under another name', () => {
    const labels = { 'kubernetes.io/metadata.name': 'shop', team: 'coffee' };
    const object = clusterWide('v1', 'Namespace', 'shop', {
      metadata: { labels },
      spec: { finalizers: ['kubernetes'] },
    });
    expect(strip(object)).toEqual({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop', labels: { team: 'coffee' } },
    });
  });
});

describe('services', () => {
  const port = { name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 };

  test('allocated addresses go, a headless service stays one', () => {
    const addresses = { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'] };
    expect(spec(served('v1', 'Service', 'api', { spec: { ...addresses, ports: [port] } }))).toEqual({ ports: [port] });
    const headless = { clusterIP: 'None', clusterIPs: ['None'], ports: [port] };
    expect(spec(served('v1', 'Service', 'db', { spec: headless }))).toEqual(headless);
  });

  test.each<[string, object]>([
    [
      'managedFields',
      {
        managedFields: [
          {
            manager: 'pulumi',
            fieldsV1: {
              'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { 'f:nodePort': {}, 'f:port': {} } } },
            },
          },
        ],
      },
    ],
    [
      'kubectl’s annotation',
      {
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': '{"spec":{"ports":[{"port":80,"nodePort":30080}]}}',
        },
      },
    ],
  ])('a node port that somebody chose stays, one that was allocated goes: by %s', (_, metadata) => {
    const ports = [
      { ...port, nodePort: 30_080 },
      { port: 443, protocol: 'TCP', nodePort: 31_234 },
    ];
    const object = served('v1', 'Service', 'api', {
      metadata,
      spec: { type: 'NodePort', ports, healthCheckNodePort: 32_000 },
    });
    const wanted = { type: 'NodePort', ports: [ports[0], { port: 443, protocol: 'TCP' }] };
    expect(spec(object)).toEqual(wanted);
    expect(strip(strip(object))).toEqual(strip(object));
  });

  test('an annotation that is no JSON says nothing', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': 'half of{' };
    const ports = [{ port: 80, nodePort: 30_080 }];
    expect(spec(served('v1', 'Service', 'api', { metadata: { annotations }, spec: { ports } }))).toEqual({
      ports: [{ port: 80 }],
    });
  });
});

test('a bound claim is free again, and asks for the same', () => {
  const wanted = {
    storageClassName: 'fast',
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
  };
  const annotations = {
    'pv.kubernetes.io/bind-completed': 'yes',
    'pv.kubernetes.io/bound-by-controller': 'yes',
    'volume.kubernetes.io/selected-node': 'node-1',
    'volume.kubernetes.io/storage-provisioner': 'example.com/disk',
  };
  const metadata = { annotations, finalizers: ['kubernetes.io/pvc-protection'] };
  const claim = served('v1', 'PersistentVolumeClaim', 'data', {
    metadata,
    spec: { ...wanted, volumeName: 'pvc-0c1d' },
  });
  expect(strip(claim)).toEqual({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'shop' },
    spec: wanted,
  });
});

describe('jobs', () => {
  const marks = {
    'controller-uid': 'u',
    'batch.kubernetes.io/controller-uid': 'u',
    'job-name': 'load',
    'batch.kubernetes.io/job-name': 'load',
  };
  const job = (more: object) =>
    served('batch/v1', 'Job', 'load', {
      metadata: { labels: { ...marks, app: 'load' } },
      spec: {
        completions: 1,
        selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } },
        template: {
          metadata: { creationTimestamp: null, labels: { ...marks, app: 'load' } },
          spec: { containers: [] },
        },
        ...more,
      },
    });

  test('the server’s own selector and marks go: another server makes its own', () => {
    expect(strip(job({}))).toMatchObject({ metadata: { labels: { app: 'load' } } });
    expect(spec(job({}))).toEqual({
      completions: 1,
      template: { metadata: { labels: { app: 'load' } }, spec: { containers: [] } },
    });
  });

  test('a selector that a person wrote stays', () => {
    expect(spec(job({ manualSelector: true }))).toMatchObject({
      manualSelector: true,
      selector: {},
      template: { metadata: { labels: marks } },
    });
  });
});

test('a pod that stands alone may run on any node, with a token of its own', () => {
  const token = { name: 'kube-api-access-x7k2p', projected: {} };
  const mount = { name: token.name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
  const data = { name: 'data', emptyDir: {} };
  const pod = served('v1', 'Pod', 'debug', {
    metadata: { labels: { app: 'debug', 'pod-template-hash': '7f' } },
    spec: {
      nodeName: 'node-1',
      priority: 1000,
      preemptionPolicy: 'PreemptLowerPriority',
      priorityClassName: 'tier-1',
      serviceAccount: 'api',
      serviceAccountName: 'api',
      volumes: [data, token],
      containers: [
        { name: 'a', volumeMounts: [{ name: 'data', mountPath: '/d' }, mount] },
        { name: 'b', volumeMounts: [mount] },
      ],
    },
  });
  expect(strip(pod)).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'debug', namespace: 'shop', labels: { app: 'debug' } },
    spec: {
      priorityClassName: 'tier-1',
      serviceAccountName: 'api',
      volumes: [data],
      containers: [{ name: 'a', volumeMounts: [{ name: 'data', mountPath: '/d' }] }, { name: 'b' }],
    },
  });
});

test('a ReplicaSet that was left by its Deployment keeps the label that its selector wants', () => {
  const labels = { app: 'api', 'pod-template-hash': '7f' };
  const set = served('apps/v1', 'ReplicaSet', 'api-7f', {
    metadata: { labels },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
  });
  expect(strip(set)).toMatchObject({
    metadata: { labels },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
  });
});

test('claims of a StatefulSet keep what can never be changed afterwards', () => {
  const claim = { metadata: { name: 'data' }, spec: { storageClassName: 'fast', volumeMode: 'Filesystem' } };
  const templates = [{ ...claim, metadata: { name: 'data', creationTimestamp: null }, status: { phase: 'Pending' } }];
  const fixed = { serviceName: 'db', podManagementPolicy: 'Parallel', selector: { matchLabels: { app: 'db' } } };
  const set = served('apps/v1', 'StatefulSet', 'db', {
    spec: { ...fixed, template: { metadata: { creationTimestamp: null } }, volumeClaimTemplates: templates },
  });
  expect(spec(set)).toEqual({ ...fixed, template: { metadata: {} }, volumeClaimTemplates: [claim] });
});

test('the templates of a CronJob', () => {
  const empty = { metadata: { creationTimestamp: null } };
  const cron = served('batch/v1', 'CronJob', 'report', {
    spec: { schedule: '0 3 * * *', jobTemplate: { ...empty, spec: { template: { ...empty, spec: {} } } } },
  });
  expect(spec(cron)).toEqual({
    schedule: '0 3 * * *',
    jobTemplate: { metadata: {}, spec: { template: { metadata: {}, spec: {} } } },
  });
});

test('an account forgets its token, and no secret that a person listed', () => {
  const account = served('v1', 'ServiceAccount', 'api', {
    secrets: [{ name: 'api-token-x7k2p' }, { name: 'api-dockercfg-9q2' }, { name: 'registry' }],
    imagePullSecrets: [{ name: 'registry' }],
  });
  expect(strip(account)).toMatchObject({ secrets: [{ name: 'registry' }], imagePullSecrets: [{ name: 'registry' }] });
  expect(strip(served('v1', 'ServiceAccount', 'api', { secrets: [{ name: 'api-token-x7k2p' }] }))).not.toHaveProperty(
    'secrets',
  );
});

test('autoscalers and webhooks lose only what servers say of them', () => {
  const scaling = { scaleTargetRef: { kind: 'Deployment', name: 'api' }, minReplicas: 2, maxReplicas: 5 };
  const hpa = served('autoscaling/v2', 'HorizontalPodAutoscaler', 'api', {
    spec: scaling,
    status: { currentReplicas: 3 },
  });
  expect(strip(hpa)).toMatchObject({ spec: scaling });
  expect(strip(hpa)).not.toHaveProperty('status');
  const webhooks = [
    { name: 'guard', clientConfig: { caBundle: 'LS0t', service: { namespace: 'shop', name: 'guard' } } },
  ];
  expect(
    strip(clusterWide('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'guard', { webhooks })),
  ).toMatchObject({ webhooks });
});

describe('a copy that is taken while a fence stops the platform', () => {
  const marked = (mark: Readonly<Record<string, string>>) => ({ metadata: { annotations: { note: 'ours', ...mark } } });

  test('has the replicas of before', () => {
    const stopped = served('apps/v1', 'Deployment', 'api', {
      ...marked({ 'go-coffee-dr/replicas-before-fence': '3' }),
      spec: { replicas: 0, paused: true },
    });
    expect(spec(stopped)).toMatchObject({ replicas: 3, paused: true });
    expect(strip(stopped).metadata.annotations).toEqual({ note: 'ours' });
  });

  test('has its CronJobs running, but for those that a person suspended', () => {
    const schedule = { schedule: '0 2 * * *', suspend: true };
    const stopped = served('batch/v1', 'CronJob', 'report', {
      ...marked({ 'go-coffee-dr/suspended-by-fence': 'true' }),
      spec: schedule,
    });
    expect(fieldsOf(strip(stopped).spec).suspend).toBeUndefined();
    expect(strip(stopped).metadata.annotations).toEqual({ note: 'ours' });
    const byHand = served('batch/v1', 'CronJob', 'report', { ...marked({}), spec: schedule });
    expect(spec(byHand)).toMatchObject({ suspend: true });
  });
});
