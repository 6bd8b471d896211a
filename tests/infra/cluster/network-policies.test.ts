/** Nothing is open: what is, has a name, a label and a reason. */
import { describe, expect, test } from 'vitest';
import { EGRESS_TARGETS } from '../../../infra/cluster/labels.ts';
import { networkPolicies } from '../../../infra/cluster/network-policies.ts';

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
