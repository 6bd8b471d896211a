/** What clusters really hold: the cases that restores of others have stumbled over, in the order in which they can be made. */
export const NAMESPACE = 'go-coffee';

export const labels = { app: 'api' };
export const inNamespace = (name: string, more: object = {}) => ({ name, namespace: NAMESPACE, ...more });
export const container = { name: 'api', image: 'registry.test/api:1.4' };
export const template = { metadata: { labels }, spec: { containers: [container] } };

const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };

function definition(plural: string, kind: string, scope: string, versions: readonly string[]) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope,
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: versions.map((name, i) => ({ name, served: true, storage: i === 0, schema })),
    },
  };
}

export const widget = { apiVersion: 'example.com/v1', kind: 'Widget' };
const issuer = { apiVersion: 'example.com/v1', kind: 'WidgetIssuer' };
const rbac = 'rbac.authorization.k8s.io';

function role(name: string, aggregated?: object) {
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }];
  return { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name, ...aggregated }, rules };
}

export function webhook(name: string, team: string, service = 'guard') {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: { service: { namespace: NAMESPACE, name: service, path: '/check' }, caBundle: 'LS0tLS0K' },
        rules: [{ apiGroups: ['apps'], apiVersions: ['*'], operations: ['CREATE'], resources: ['deployments'] }],
        namespaceSelector: { matchLabels: { team } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        failurePolicy: 'Fail',
      },
    ],
  };
}

/** Needed by the namespace, and not: the second of each pair must not be captured. */
export const OF_THE_CLUSTER: readonly object[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels: { team: 'coffee' } } },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tea', labels: { team: 'tea' } } },
  definition('widgets', 'Widget', 'Namespaced', ['v1', 'v1beta1']),
  definition('widgetissuers', 'WidgetIssuer', 'Cluster', ['v1']),
  definition('unused', 'Unused', 'Namespaced', ['v1']),
  { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'tier-1' }, value: 1000 },
  { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'other' }, value: 2000 },
  ...['fast', 'unused'].map((name) => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'example.com/disk',
  })),
  ...['public', 'unused'].map((name) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name },
    spec: { controller: 'example.com/ingress' },
  })),
  { ...role('coffee-reader'), aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'coffee-reader' } }] } },
  role('coffee-extra', { labels: { to: 'coffee-reader' } }),
  role('coffee-nodes'),
  role('unbound'),
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'coffee-nodes' },
    subjects: [{ kind: 'ServiceAccount', name: 'api', namespace: NAMESPACE }],
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'coffee-nodes' },
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'tea-nodes' },
    subjects: [{ kind: 'ServiceAccount', name: 'api', namespace: 'tea' }],
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'unbound' },
  },
];

function service(name: string, spec: object) {
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
  return { apiVersion: 'v1', kind: 'Service', metadata: inNamespace(name), spec: { selector: labels, ports, ...spec } };
}

const chosen = [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30_080 }];

export const OF_THE_NAMESPACE: readonly object[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inNamespace('default') },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inNamespace('api'), secrets: [{ name: 'api-token-x7k2p' }] },
  ...['coffee-reader', 'view'].map((name) => ({
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: inNamespace(name),
    subjects: [{ kind: 'ServiceAccount', name: 'api', namespace: NAMESPACE }],
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
  })),
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: inNamespace('kube-root-ca.crt'), data: { 'ca.crt': 'old' } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: inNamespace('settings'), immutable: true, data: { FLAG: 'yes' } },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { generateName: 'rates-', namespace: NAMESPACE },
    data: { EUR: '1' },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: inNamespace('dashboard', { labels: { grafana_dashboard: '1' } }),
    data: { 'orders.json': '{}' },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: inNamespace('database', {
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"stringData":{"password":"old"}}' },
    }),
    stringData: { password: 'correct horse' },
  },
  { apiVersion: 'v1', kind: 'Secret', metadata: inNamespace('sh.helm.release.v1.api.v3'), type: 'helm.sh/release.v1' },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: inNamespace('api-token-x7k2p', { annotations: { 'kubernetes.io/service-account.name': 'api' } }),
    type: 'kubernetes.io/service-account-token',
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: inNamespace('default-deny'),
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  },
  service('api', {}),
  service('headless', { clusterIP: 'None' }),
  service('allocated', { type: 'NodePort' }),
  service('chosen', { type: 'NodePort', ports: chosen }),
  service('balanced', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }),
  service('outside', { selector: undefined }),
  {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: inNamespace('outside'),
    subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ name: 'http', port: 80 }] }],
  },
  { apiVersion: 'v1', kind: 'Endpoints', metadata: inNamespace('api') },
  {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: inNamespace('postgres-config', { annotations: { config: '{}', history: '[]', initialize: '7412' } }),
  },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: inNamespace('uploads', {
      finalizers: ['kubernetes.io/pvc-protection'],
      annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'volume.kubernetes.io/selected-node': 'node-1' },
    }),
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      volumeName: 'pvc-0c1d',
      resources: { requests: { storage: '1Gi' } },
    },
  },
  { ...issuer, metadata: { name: 'main' }, spec: { url: 'https://issuer.test' } },
  { ...issuer, metadata: { name: 'unused' }, spec: {} },
  {
    ...widget,
    metadata: inNamespace('gear', { finalizers: ['example.com/hold'] }),
    spec: { teeth: 12, issuerRef: { kind: 'WidgetIssuer', group: 'example.com', name: 'main' }, status: 'own field' },
    status: { ready: true },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: inNamespace('orders'),
    spec: {
      serviceName: 'headless',
      selector: { matchLabels: labels },
      template,
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'fast',
            resources: { requests: { storage: '1Gi' } },
          },
        },
      ],
    },
  },
  {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: inNamespace('api'),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      minReplicas: 2,
      maxReplicas: 5,
      targetCPUUtilizationPercentage: 70,
    },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: inNamespace('api'),
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: inNamespace('api'),
    spec: {
      ingressClassName: 'public',
      defaultBackend: { service: { name: 'api', port: { number: 80 } } },
    },
  },
  {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: inNamespace('leader'),
    spec: { holderIdentity: 'api-7f' },
  },
];
