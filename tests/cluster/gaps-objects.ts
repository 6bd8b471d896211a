/** A platform in two namespaces that leans on much that is not in them. */

const inside = (namespace: string, name: string, more: object = {}) => ({ name, namespace, ...more });
const rbac = 'rbac.authorization.k8s.io';
const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };

function definition(group: string, plural: string, kind: string, scope = 'Namespaced') {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, annotations: { 'api-approved.kubernetes.io': 'unapproved, a test' } },
    spec: {
      group,
      scope,
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

const claim = (namespace: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: inside(namespace, name),
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
});

function api(group: string, namespace: string, name: string) {
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1.${group}` },
    spec: {
      group,
      version: 'v1',
      groupPriorityMinimum: 1000,
      versionPriority: 15,
      insecureSkipTLSVerify: true,
      service: { namespace, name },
    },
  };
}

const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

function workload(kind: string, name: string, spec: object, more: object = {}) {
  const containers = [{ name, image: 'registry.test/api:1', ...more }];
  const template = { metadata: { labels: { app: name } }, spec: { containers, ...spec } };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: inside('shop', name),
    spec: { selector: { matchLabels: { app: name } }, template },
  };
}

const bindingTo = (kind: string, metadata: object, roleRef: object) => ({
  apiVersion: `${rbac}/v1`,
  kind,
  metadata,
  roleRef: { apiGroup: rbac, ...roleRef },
  subjects: [{ kind: 'ServiceAccount', name: 'metering', namespace: 'shop' }],
});

/** In the order in which they can be made. */
export const PLATFORM: readonly object[] = [
  ...['shop', 'billing', 'data', 'infra'].map(namespace),
  definition('postgresql.cnpg.io', 'clusters', 'Cluster'),
  definition('example.com', 'reports', 'Report'),
  definition('example.com', 'unused', 'Unused'),
  definition('snapshot.storage.k8s.io', 'volumesnapshotclasses', 'VolumeSnapshotClass', 'Cluster'),
  {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: { name: 'hourly' },
    driver: 'disks.example.com',
    deletionPolicy: 'Retain',
  },
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: 'disks.example.com',
    parameters: {
      'csi.storage.k8s.io/provisioner-secret-name': 'disk-keys',
      'csi.storage.k8s.io/provisioner-secret-namespace': 'infra',
    },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: inside('shop', 'settings'),
    data: { DATABASE: 'host=postgres.data.svc.cluster.local port=5432', SELF: 'http://api.shop.svc:8080' },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: inside('shop', 'dsn'),
    stringData: { url: 'postgres://shop:hunter2@reports.data.svc/reports' },
  },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inside('shop', 'metering') },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'metering' },
    rules: [{ apiGroups: ['example.com'], resources: ['reports'], verbs: ['get', 'list', 'watch'] }],
  },
  bindingTo('ClusterRoleBinding', { name: 'metering' }, { kind: 'ClusterRole', name: 'metering' }),
  bindingTo('ClusterRoleBinding', { name: 'metering-gone' }, { kind: 'ClusterRole', name: 'no-such-role' }),
  bindingTo('RoleBinding', inside('kube-system', 'metering-reader'), {
    kind: 'Role',
    name: 'extension-apiserver-authentication-reader',
  }),
  claim('shop', 'uploads'),
  claim('shop', 'cache'),
  claim('shop', 'data-orders-0'),
  claim('billing', 'invoices'),
  ...['api', 'metering'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: inside('shop', name),
    spec: { selector: { app: name }, ports: [{ port: 443 }] },
  })),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: inside('billing', 'mail'),
    spec: { type: 'ExternalName', externalName: 'smtp.example.net' },
  },
  workload(
    'Deployment',
    'api',
    { serviceAccountName: 'metering', imagePullSecrets: [{ name: 'registry' }] },
    { envFrom: [{ secretRef: { name: 'dsn' } }, { configMapRef: { name: 'absent', optional: true } }] },
  ),
  {
    ...workload('StatefulSet', 'orders', {}),
    spec: {
      ...workload('StatefulSet', 'orders', {}).spec,
      serviceName: 'orders',
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim('shop', 'data').spec as object }],
    },
  },
  {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: inside('billing', 'ledger'),
    spec: { instances: 1 },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: inside('shop', 'api', { annotations: { 'nginx.ingress.kubernetes.io/auth-secret': 'infra/users' } }),
    spec: {
      ingressClassName: 'no-such-class',
      rules: [
        {
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'api', port: { number: 443 } } } }],
          },
        },
      ],
    },
  },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: inside('shop', 'api'),
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      metrics: [{ type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '3' } } }],
    },
  },
  api('metering.example.com', 'shop', 'metering'),
  api('quotas.example.com', 'infra', 'quotas'),
  {
    ...api('external.metrics.k8s.io', 'infra', 'adapter'),
    metadata: { name: 'v1beta1.external.metrics.k8s.io' },
    spec: { ...api('external.metrics.k8s.io', 'infra', 'adapter').spec, version: 'v1beta1' },
  },
];
