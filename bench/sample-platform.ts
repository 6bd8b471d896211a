/** A sample of a captured platform, of any size: services of every tier and many unknown to the plan, in the mixture of real clusters. */
import type { KubeObject, ManifestSnapshot } from '../recovery/public.ts';

const NAMESPACE = 'go-coffee';
const KNOWN = ['auth-service', 'payment-service', 'order-service', 'ai-search', 'analytics', 'logging'];

const GROUP = 'example.com';

const DEFINITION: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

/** Ten objects of one service. */
function serviceOf(n: number): KubeObject[] {
  const name = KNOWN[n] ?? `service-${n}`;
  const labels = { app: name };
  const metadata = { name, namespace: NAMESPACE, labels };
  const container = {
    ...{ name, image: `registry.test/${name}:1.4.2` },
    env: [{ name: 'DATABASE_HOST', value: 'postgres.go-coffee.svc' }],
    envFrom: [{ secretRef: { name } }, { configMapRef: { name } }],
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '64Mi' } },
  };
  const spec = { serviceAccountName: name, containers: [container] };
  const job = { template: { metadata: { labels }, spec: { ...spec, restartPolicy: 'Never' } } };
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  const backend = { service: { name, port: { number: 80 } } };
  const settings = Array.from({ length: 20 }, (_, i) => [`SETTING_${i}`, `http://${name}.go-coffee.svc/${i}`]);
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: Object.fromEntries(settings) },
    { apiVersion: 'v1', kind: 'Secret', metadata, data: { password: Buffer.from(`of ${name}`).toString('base64') } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
    { apiVersion: `${GROUP}/v1`, kind: 'Widget', metadata, spec: { teeth: n } },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
      spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec: { schedule: '0 3 * * *', jobTemplate: { spec: job } } },
    {
      ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata },
      spec: { scaleTargetRef: target, minReplicas: 2, maxReplicas: 5 },
    },
    {
      ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata },
      spec: { minAvailable: 1, selector: { matchLabels: labels } },
    },
    {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata },
      spec: { rules: [{ host: `${name}.example.com`, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
    },
  ];
}

/** @param count of objects; ten are one service */
export function samplePlatform(count: number): ManifestSnapshot {
  const services = Array.from({ length: Math.ceil(count / 10) }, (_, n) => serviceOf(n)).flat();
  const objects = [DEFINITION, ...services].slice(0, count);
  return {
    objects: objects.map((object) => ({ object, finalizers: [], outside: [] })),
    ...{ namespaces: [NAMESPACE], images: [], notes: [] },
  };
}
