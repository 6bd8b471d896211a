/** The manifests of a drilled platform lead nowhere, run nothing and touch nothing that is real. */
import { describe, expect, test } from 'vitest';
import { isolate } from '../../infra/recovered/change/isolate.ts';
import { type KubeObject, nameOf } from '../../recovery/public.ts';

const PLATFORM = 'drill';
const change = isolate([PLATFORM, 'drill-dr']);

function made(apiVersion: string, kind: string, name: string, fields: object = {}, metadata: object = {}): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace: PLATFORM, ...metadata }, ...fields };
}
const ofCluster = (apiVersion: string, kind: string, name: string): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name },
});
const one = (object: KubeObject): KubeObject | undefined => change([object]).objects[0];
// biome-ignore lint/suspicious/noExplicitAny: fields of any object
const specOf = (object: KubeObject): any => one(object)?.spec;

const pod = (spec: object = {}) => ({ containers: [{ name: 'a', image: 'a' }], ...spec });

describe('excluded', () => {
  test.each([
    ['a route', made('networking.k8s.io/v1', 'Ingress', 'shop')],
    ['a route of the gateway', made('gateway.networking.k8s.io/v1', 'HTTPRoute', 'shop')],
    ['addresses outside', made('v1', 'Endpoints', 'payments')],
    ['addresses outside, in slices', made('discovery.k8s.io/v1', 'EndpointSlice', 'payments')],
    ['a name outside', made('v1', 'Service', 'payments', { spec: { type: 'ExternalName', externalName: 'pay.test' } })],
    ['what an operator would act on', made('cert-manager.io/v1', 'Certificate', 'shop')],
    ['what the real Prometheus would scrape', made('monitoring.coreos.com/v1', 'ServiceMonitor', 'order')],
    ['what would copy itself away', made('velero.io/v1', 'Schedule', 'daily')],
    ['a policy in another language', made('cilium.io/v2', 'CiliumNetworkPolicy', 'open')],
    ['a definition', ofCluster('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'blends.coffee.test')],
    ['rights in the whole cluster', ofCluster('rbac.authorization.k8s.io/v1', 'ClusterRole', 'shop')],
    ['those who have them', ofCluster('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'shop')],
    ['a class', ofCluster('scheduling.k8s.io/v1', 'PriorityClass', 'shop')],
    ['a webhook', ofCluster('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'shop')],
    ['a namespace', ofCluster('v1', 'Namespace', PLATFORM)],
    ['an object of a namespace that is real', made('v1', 'ConfigMap', 'settings', {}, { namespace: 'go-coffee' })],
  ])('%s, and it is said', (_, object) => {
    const { objects, notes } = change([object]);
    expect(objects).toEqual([]);
    expect(notes).toEqual([expect.stringContaining(nameOf(object))]);
  });

  test('harmless objects stay as they are', () => {
    const harmless = [
      made('v1', 'ConfigMap', 'settings', { data: { a: 'b' } }, { labels: { app: 'order' } }),
      made('v1', 'Secret', 'keys', { data: { a: 'Yg==' } }),
      made('v1', 'PersistentVolumeClaim', 'uploads', { spec: { accessModes: ['ReadWriteOnce'] } }),
      made('apps/v1', 'Deployment', 'order', { spec: { replicas: 2, template: { spec: pod() } } }),
      made('autoscaling/v2', 'HorizontalPodAutoscaler', 'order', { spec: { maxReplicas: 3 } }),
      made('v1', 'Service', 'order', { spec: { type: 'ClusterIP', clusterIP: 'None', ports: [{ port: 80 }] } }),
    ];
    expect(change(harmless)).toEqual({ objects: harmless, notes: [] });
  });

  test('a long list is shortened, and counted', () => {
    const many = Array.from({ length: 9 }, (_, i) => made('networking.k8s.io/v1', 'Ingress', `shop-${i}`));
    expect(change(many).notes).toEqual([expect.stringMatching(/shop-5 and 3 more$/)]);
  });
});

describe('services', () => {
  test.each(['LoadBalancer', 'NodePort'])('a %s becomes reachable from pods of the cluster only', (type) => {
    const service = made('v1', 'Service', 'shop', {
      spec: {
        type,
        selector: { app: 'shop' },
        ports: [{ port: 80, nodePort: 30080 }],
        externalIPs: ['203.0.113.1'],
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: 30090,
        loadBalancerIP: '203.0.113.2',
        loadBalancerClass: 'x.test/lb',
        loadBalancerSourceRanges: ['0.0.0.0/0'],
        allocateLoadBalancerNodePorts: true,
      },
    });
    expect(specOf(service)).toEqual({ type: 'ClusterIP', selector: { app: 'shop' }, ports: [{ port: 80 }] });
    expect(change([service]).notes).toEqual(['drill: closed to the outside: Service drill/shop']);
  });

  test('an external address is removed from a ClusterIP too: it would draw real traffic', () => {
    const service = made('v1', 'Service', 'shop', { spec: { type: 'ClusterIP', externalIPs: ['203.0.113.1'] } });
    expect(specOf(service)).toEqual({ type: 'ClusterIP' });
  });
});

describe('pods', () => {
  test('a CronJob is suspended, whatever it was before', () => {
    const job = (suspend?: boolean) =>
      made('batch/v1', 'CronJob', 'report', {
        spec: { schedule: '* * * * *', ...(suspend === undefined ? {} : { suspend }), jobTemplate: { spec: {} } },
      });
    for (const suspend of [undefined, false, true]) expect(specOf(job(suspend)).suspend).toBe(true);
    expect(change([job()]).notes).toEqual(['drill: suspended: CronJob.batch drill/report']);
  });

  const onTheNode = pod({
    hostNetwork: true,
    hostPID: true,
    dnsPolicy: 'ClusterFirstWithHostNet',
    priorityClassName: 'critical',
    priority: 1000,
    initContainers: [{ name: 'b', ports: [{ containerPort: 2, hostPort: 2 }] }],
    containers: [{ name: 'a', ports: [{ containerPort: 1, hostPort: 80, hostIP: '0.0.0.0' }] }],
  });
  const inThePod = {
    dnsPolicy: 'ClusterFirst',
    initContainers: [{ name: 'b', ports: [{ containerPort: 2 }] }],
    containers: [{ name: 'a', ports: [{ containerPort: 1 }] }],
  };
  const labels = { app: 'order', 'reach.go-coffee/postgres': 'allowed', 'reach.go-coffee/alerting': 'allowed' };
  const template = {
    metadata: { labels, annotations: { 'prometheus.io/scrape': 'true', note: 'mine' } },
    spec: onTheNode,
  };
  const quiet = {
    metadata: { labels: { app: 'order', 'reach.go-coffee/postgres': 'allowed' }, annotations: { note: 'mine' } },
    spec: inThePod,
  };

  test.each(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'])(
    'of a %s have no network of the node, no priority over real ones, and none of the stores’ openings',
    (kind) => {
      expect(specOf(made('apps/v1', kind, 'order', { spec: { template } })).template).toEqual(quiet);
    },
  );

  test('pods of a CronJob, of a Job and lone pods alike', () => {
    const cron = made('batch/v1', 'CronJob', 'report', { spec: { jobTemplate: { spec: { template } } } });
    expect(specOf(cron).jobTemplate.spec.template).toEqual(quiet);
    expect(specOf(made('batch/v1', 'Job', 'migrate', { spec: { template } })).template).toEqual(quiet);
    const alone = one(made('v1', 'Pod', 'shell', { spec: onTheNode }, { labels }));
    expect([alone?.spec, alone?.metadata.labels]).toEqual([inThePod, quiet.metadata.labels]);
  });

  test('have no cloud identity and no external name', () => {
    const account = made(
      'v1',
      'ServiceAccount',
      'order',
      {},
      { annotations: { 'eks.amazonaws.com/role-arn': 'arn:…' } },
    );
    expect(one(account)?.metadata).toEqual({ name: 'order', namespace: PLATFORM });
    const annotations = { 'external-dns.alpha.kubernetes.io/hostname': 'shop.test', mine: 'x' };
    const service = made('v1', 'Service', 'shop', { spec: { type: 'ClusterIP' } }, { annotations });
    expect(one(service)?.metadata.annotations).toEqual({ mine: 'x' });
  });
});

describe('network policies', () => {
  const policy = (spec: object) => made('networking.k8s.io/v1', 'NetworkPolicy', 'order', { spec });
  const order = { matchLabels: { app: 'order' } };
  const named = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
  const dns = [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ];
  const egress = (...rules: object[]) =>
    specOf(policy({ podSelector: order, policyTypes: ['Egress'], egress: rules })).egress;
  const ingress = (...rules: object[]) =>
    specOf(policy({ podSelector: order, policyTypes: ['Ingress'], ingress: rules })).ingress;

  test.each([
    ['to an address', [{ to: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }], undefined],
    ['to another namespace', [{ to: [named('monitoring')] }], undefined],
    ['to namespaces by a label', [{ to: [{ namespaceSelector: { matchLabels: { team: 'a' } } }] }], undefined],
    ['to namespaces by an expression', [{ to: [{ namespaceSelector: { matchExpressions: [{}] } }] }], undefined],
    ['everywhere', [{}], [{ to: [{ podSelector: {} }] }]],
    ['everywhere by a port', [{ ports: [{ port: 443 }] }], [{ ports: [{ port: 443 }], to: [{ podSelector: {} }] }]],
    ['to all namespaces', [{ to: [{ namespaceSelector: {} }] }], [{ to: [{ podSelector: {} }] }]],
    [
      'to pods of all namespaces',
      [{ to: [{ namespaceSelector: {}, podSelector: order }] }],
      [{ to: [{ podSelector: order }] }],
    ],
    ['to its own namespace', [{ to: [named(PLATFORM)] }], [{ to: [{ podSelector: {} }] }]],
    ['to pods beside it', [{ to: [{ podSelector: order }] }], [{ to: [{ podSelector: order }] }]],
    ['to ask for names', [{ to: [named('kube-system')], ports: dns }], [{ to: [named('kube-system')], ports: dns }]],
    ['to kube-system for more', [{ to: [named('kube-system')], ports: [...dns, { port: 443 }] }], undefined],
    ['to kube-system for anything', [{ to: [named('kube-system')] }], undefined],
    ['everywhere for names', [{ ports: dns }], [{ ports: dns, to: [{ podSelector: {} }, named('kube-system')] }]],
    [
      'in part',
      [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }, { podSelector: order }] }],
      [{ to: [{ podSelector: order }] }],
    ],
  ])('an opening %s is narrowed', (_, rules, left) => {
    expect(egress(...rules)).toEqual(left);
  });

  test('ingress rules are narrowed alike', () => {
    expect(ingress({ from: [named('ingress-nginx')] })).toBeUndefined();
    expect(ingress({ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: dns })).toBeUndefined();
    // Pods may query DNS, not answer it.
    expect(ingress({ from: [named('kube-system')], ports: dns })).toBeUndefined();
    expect(ingress({})).toEqual([{ from: [{ podSelector: {} }] }]);
  });

  test('a policy that closes something still closes it', () => {
    const closed = policy({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    expect(change([closed])).toEqual({ objects: [closed], notes: [] });
    const open = policy({ podSelector: {}, egress: [{}] });
    expect(specOf(open)).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      egress: [{ to: [{ podSelector: {} }] }],
    });
    expect(change([open]).notes).toEqual([
      'drill: opens nothing beyond its namespace any more: NetworkPolicy.networking.k8s.io drill/order',
    ]);
  });
});

test('a second pass changes nothing, and the manifest snapshot stays as it was', () => {
  const objects = [
    made('v1', 'Service', 'shop', { spec: { type: 'NodePort', ports: [{ port: 1, nodePort: 30001 }] } }),
    made('batch/v1', 'CronJob', 'report', {
      spec: { jobTemplate: { spec: { template: { spec: pod({ hostNetwork: true }) } } } },
    }),
    made('networking.k8s.io/v1', 'NetworkPolicy', 'p', { spec: { podSelector: {}, egress: [{}] } }),
  ];
  const before = structuredClone(objects);
  const once = change(objects).objects;
  expect(change(once).objects).toEqual(once);
  expect(objects).toEqual(before);
});
