/** Nothing is open: what is, has a name, a label and a reason. */
import { describe, expect, test } from 'vitest';
import { ciliumPolicies } from '../../../infra/cluster/cilium-policies.ts';
import { EGRESS_TARGETS } from '../../../infra/cluster/labels.ts';
import { networkPolicies } from '../../../infra/cluster/network-policies.ts';
import { serviceWays } from '../../../infra/cluster/service-ways.ts';

const NAMESPACES = { platform: 'shop', recovery: 'shop-dr', existing: [] };
const OUTSIDE = {
  kubernetesApi: { cidrs: ['10.0.0.0/28'], ports: [6443] },
  objectStorage: { cidrs: ['0.0.0.0/0'], ports: [443, 7070] },
};
const closed = networkPolicies(NAMESPACES, OUTSIDE);
const scraped = networkPolicies(NAMESPACES, { ...OUTSIDE, monitoringNamespace: 'monitoring' });

describe.each([NAMESPACES.platform, NAMESPACES.recovery])('%s', (namespace) => {
  const own = closed.filter((policy) => policy.namespace === namespace);

  test('denies all by default, in both directions', () => {
    const [deny, ...more] = own.filter(({ name }) => name === 'default-deny');
    expect(deny?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    expect(more).toEqual([]);
  });

  test('opens nothing for every pod', () => {
    for (const { name, spec } of own.filter(({ name: each }) => each !== 'default-deny')) {
      expect([name, Object.keys(spec.podSelector ?? {})]).toEqual([name, ['matchLabels']]);
      const rules = JSON.parse(JSON.stringify([...((spec.ingress ?? []) as []), ...((spec.egress ?? []) as [])])) as {
        from?: unknown[];
        to?: unknown[];
        ports: unknown[];
      }[];
      expect(rules.length).toBeGreaterThan(0);
      // A rule without peers or without ports is open to all.
      for (const { from, to, ports } of rules) {
        expect((from ?? to ?? []).length).toBeGreaterThan(0);
        expect(ports.length).toBeGreaterThan(0);
      }
    }
  });

  test('has an opening out for each reach, and no other', () => {
    const out = own.filter(({ spec }) => (spec.egress as unknown[] | undefined)?.length).map(({ name }) => name);
    const members = namespace === NAMESPACES.platform ? ['among-postgres-members'] : [];
    // This stack mirrors no git repositories.
    const reaches = EGRESS_TARGETS.filter((reach) => reach !== 'git').map((reach) => `reach-${reach}`);
    expect(out.toSorted()).toEqual([...reaches, ...members].toSorted());
  });
});

test('ways in are these', () => {
  const into = (policies: typeof closed) =>
    policies.filter(({ spec }) => (spec.ingress as unknown[] | undefined)?.length).map(({ name }) => name);
  expect(into(closed).toSorted()).toEqual([
    'among-postgres-members',
    'into-pgbackrest-repository',
    'into-postgres',
    'into-postgres-pgbackrest',
    'into-redis',
  ]);
  expect(
    into(scraped)
      .filter((name) => !into(closed).includes(name))
      .toSorted(),
  ).toEqual(['into-dr-monitor', 'into-postgres-metrics']);
});

test('any address is not the node’s metadata', () => {
  const storage = closed.find(({ name }) => name === 'reach-object-storage');
  expect(storage?.spec.egress).toEqual([
    {
      to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } }],
      ports: [
        { protocol: 'TCP', port: 443 },
        { protocol: 'TCP', port: 7070 },
      ],
    },
  ]);
  const api = closed.find(({ name }) => name === 'reach-kubernetes-api');
  expect(api?.spec.egress).toEqual([
    { to: [{ ipBlock: { cidr: '10.0.0.0/28' } }], ports: [{ protocol: 'TCP', port: 6443 }] },
  ]);
});

test('a resolver that is no pod of kube-system is reached by its address, and by the port of DNS alone', () => {
  const ports = [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ];
  const kubeSystem = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } };
  const dns = (policies: typeof closed) => policies.find(({ name }) => name === 'reach-dns')?.spec.egress;
  expect(dns(closed)).toEqual([{ to: [kubeSystem], ports }]);
  const cidrs = ['169.254.20.10/32', '172.20.0.10/32'];
  expect(dns(networkPolicies(NAMESPACES, { ...OUTSIDE, dns: { cidrs } }))).toEqual([
    { to: [kubeSystem, ...cidrs.map((cidr) => ({ ipBlock: { cidr } }))], ports },
  ]);
});

// Compared before the Service's address is rewritten, a pod selector alone would let nothing through to it.
test('the leader’s Service is reached by its own address too, in both families, by those who may reach PostgreSQL', () => {
  const ways = serviceWays(NAMESPACES, { target: 'postgres', port: 5432 }, ['10.100.0.7', 'fd00:10::7']);
  expect(ways.map(({ name, namespace }) => `${namespace}/${name}`)).toEqual([
    'shop/reach-postgres-service',
    'shop-dr/reach-postgres-service',
  ]);
  for (const { spec } of ways) {
    expect(spec).toEqual({
      podSelector: { matchLabels: { 'reach.go-coffee/postgres': 'allowed' } },
      policyTypes: ['Egress'],
      egress: [
        {
          to: [{ ipBlock: { cidr: '10.100.0.7/32' } }, { ipBlock: { cidr: 'fd00:10::7/128' } }],
          ports: [{ protocol: 'TCP', port: 5432 }],
        },
      ],
    });
  }
});

test('a Service without an address opens nothing: a rule without peers would be open to all', () => {
  for (const addresses of [[], [undefined], ['None']]) {
    const [way] = serviceWays(NAMESPACES, { target: 'postgres', port: 5432 }, addresses);
    expect(way?.spec.egress).toEqual([]);
  }
});

test('Cilium knows the API server by a name of its own', () => {
  const policies = ciliumPolicies(NAMESPACES, OUTSIDE);
  expect(policies.map(({ namespace }) => namespace)).toEqual(['shop', 'shop-dr']);
  expect(policies[0]?.spec).toEqual({
    endpointSelector: { matchLabels: { 'reach.go-coffee/kubernetes-api': 'allowed' } },
    egress: [{ toEntities: ['kube-apiserver'], toPorts: [{ ports: [{ port: '6443', protocol: 'TCP' }] }] }],
  });
});
