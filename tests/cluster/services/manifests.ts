/** Pure: the sample services as a team of Go Coffee would have applied them. They are the users' objects: no stack declares them. */
import { egressLabel } from '../../../infra/cluster/labels.ts';
import { containerSecurity, podSecurity, resources } from '../../../infra/cluster/pod-security.ts';
import { PORTS, POSTGRES, REDIS, serviceHost } from '../../../infra/cluster/ports.ts';
import type { Manifest } from '../api.ts';

/** In tier order; the plan's other two services of P1 are PostgreSQL and Redis themselves. */
export const SERVICES = [
  'auth-service',
  'payment-service',
  'order-service',
  'ai-search',
  'analytics',
  'monitoring',
  'logging',
] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Those that users wait for run with two replicas. */
const TWICE: readonly ServiceName[] = ['auth-service', 'order-service'];

const SERVICE_PORT = 8080;
const PART_OF = { 'app.kubernetes.io/part-of': 'go-coffee' };

export interface ServicesArgs {
  readonly namespace: string;
  readonly image: string;
  readonly database: string;
  readonly passwords: { readonly application: string; readonly redis: string };
  readonly jwtSecret: string;
  /** Of a payment provider: nobody here can make another. */
  readonly providerKey: string;
  /** Text of `program.ts`. */
  readonly program: string;
}

const labels = (name: string) => ({ 'app.kubernetes.io/name': name, ...PART_OF });

/** Names of objects that tests look for. */
export const OBJECTS = {
  program: 'service-program',
  stores: 'service-stores',
  auth: 'auth-tokens',
  provider: 'payment-provider',
  crd: 'menus.shop.go-coffee.example',
  menu: 'seasonal',
  report: 'nightly-report',
} as const;

function config({ namespace, program }: ServicesArgs): Manifest[] {
  const settings = JSON.stringify({ rules: ['HighLatency', 'NoOrders'], sinks: ['stdout'] });
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: OBJECTS.program, namespace, labels: PART_OF },
      data: { 'program.ts': program },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'service-settings', namespace, labels: PART_OF },
      data: { 'settings.json': settings },
    },
  ];
}

function secrets({ namespace, database, passwords, jwtSecret, providerKey }: ServicesArgs): Manifest[] {
  const secret = (name: string, stringData: Record<string, string>): Manifest => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: PART_OF },
    type: 'Opaque',
    stringData,
  });
  const postgres = `${serviceHost(POSTGRES, namespace)}:${PORTS.postgres}`;
  return [
    secret(OBJECTS.stores, {
      DATABASE_URL: `postgres://${database}:${passwords.application}@${postgres}/${database}`,
      REDIS_URL: `redis://:${passwords.redis}@${serviceHost(REDIS, namespace)}:${PORTS.redis}`,
    }),
    secret(OBJECTS.auth, { JWT_SECRET: jwtSecret }),
    secret(OBJECTS.provider, { PROVIDER_KEY: providerKey }),
  ];
}

function pod(name: ServiceName, { image }: ServicesArgs): Record<string, unknown> {
  const envFrom = Object.values([OBJECTS.stores, OBJECTS.auth, OBJECTS.provider]).map((secret) => ({
    secretRef: { name: secret },
  }));
  const probe = (path: string) => ({ httpGet: { path, port: SERVICE_PORT } });
  return {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(),
    terminationGracePeriodSeconds: 5,
    containers: [
      {
        name: 'service',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: ['node', '--disable-warning=ExperimentalWarning', '/srv/service/program.ts'],
        env: [{ name: 'SERVICE', value: name }],
        envFrom,
        ports: [{ name: 'http', containerPort: SERVICE_PORT }],
        readinessProbe: { ...probe('/ready'), periodSeconds: 2, timeoutSeconds: 5 },
        livenessProbe: { ...probe('/alive'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
        securityContext: containerSecurity(),
        resources: resources({ cpu: '10m', memory: '192Mi' }),
        volumeMounts: [
          { name: 'program', mountPath: '/srv/service', readOnly: true },
          { name: 'settings', mountPath: '/etc/service', readOnly: true },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      { name: 'program', configMap: { name: OBJECTS.program } },
      { name: 'settings', configMap: { name: 'service-settings' } },
      { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    ],
  };
}

function service(name: ServiceName, args: ServicesArgs): Manifest[] {
  const { namespace } = args;
  const metadata = { name, namespace, labels: labels(name) };
  const selector = { 'app.kubernetes.io/name': name };
  const twice = TWICE.includes(name);
  const reaches = {
    [egressLabel('dns')]: 'allowed',
    [egressLabel('postgres')]: 'allowed',
    [egressLabel('redis')]: 'allowed',
  };
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels: selector },
        policyTypes: ['Ingress'],
        ingress: [
          { from: [{ podSelector: { matchLabels: PART_OF } }], ports: [{ protocol: 'TCP', port: SERVICE_PORT }] },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        ...(twice ? { replicas: 2 } : {}),
        selector: { matchLabels: selector },
        template: { metadata: { labels: { ...labels(name), ...reaches } }, spec: pod(name, args) },
      },
    },
    ...(twice
      ? [
          {
            apiVersion: 'policy/v1',
            kind: 'PodDisruptionBudget',
            metadata,
            spec: { minAvailable: 1, selector: { matchLabels: selector } },
          },
          {
            apiVersion: 'autoscaling/v2',
            kind: 'HorizontalPodAutoscaler',
            metadata,
            spec: {
              scaleTargetRef: target,
              minReplicas: 2,
              maxReplicas: 4,
              metrics: [
                {
                  type: 'Resource',
                  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
                },
              ],
            },
          },
        ]
      : []),
  ];
}

/** A kind of the team's own, and one object of it. @param spec its schema, where not everything goes */
export function menus(namespace: string, spec: object = {}): { readonly crd: Manifest; readonly menu: Manifest } {
  const [plural, ...group] = OBJECTS.crd.split('.');
  const names = { kind: 'Menu', plural, singular: 'menu' };
  const open = { 'x-kubernetes-preserve-unknown-fields': true };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { ...open, ...spec } } } };
  const versions = [{ name: 'v1', served: true, storage: true, schema }];
  return {
    crd: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: OBJECTS.crd },
      spec: { group: group.join('.'), scope: 'Namespaced', names, versions },
    },
    menu: {
      apiVersion: `${group.join('.')}/v1`,
      kind: 'Menu',
      metadata: { name: OBJECTS.menu, namespace },
      spec: { drinks: ['pumpkin latte'] },
    },
  };
}

function report({ namespace, image }: ServicesArgs): Manifest {
  const container = {
    name: 'report',
    image,
    command: ['node', '-e', 'console.log("reported")'],
    securityContext: containerSecurity(),
    resources: resources({ cpu: '10m', memory: '64Mi' }),
  };
  const template = {
    metadata: { labels: labels(OBJECTS.report) },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: podSecurity(),
      containers: [container],
    },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: OBJECTS.report, namespace, labels: labels(OBJECTS.report) },
    spec: { schedule: '17 3 * * *', jobTemplate: { spec: { template } } },
  };
}

/** In an order in which each can be applied. */
export function serviceManifests(args: ServicesArgs): Manifest[] {
  const { crd, menu } = menus(args.namespace);
  return [
    crd,
    ...config(args),
    ...secrets(args),
    ...SERVICES.flatMap((name) => service(name, args)),
    report(args),
    menu,
  ];
}
