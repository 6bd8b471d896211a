/** What the service accounts may do in the cluster: Patroni changes its own, backups and checks read, nobody else anything. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { captureRights, healthRights } from '../../../infra/cluster/rbac.ts';
import { kinds, object, predecessors } from '../objects.ts';
import { type Recording, record } from '../recording.ts';

const HOOKS = { kubernetes: { pre: ['quiet', 'on'], post: ['quiet', 'off'] } };
const local = await record('local', { capture: { clusterKinds: ['clusterissuers.cert-manager.io'], hooks: HOOKS } });
const moved = await record('local', { namespaces: { platform: 'shop', recovery: 'shop-dr' } });

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const named = (recording: Recording, kind: string) =>
  kinds(recording, kind)
    .map(({ manifest: { metadata } }) => [metadata.namespace, metadata.name].filter(Boolean).join('/'))
    .toSorted();

const rulesOf = (recording: Recording, kind: string, name: string) =>
  object<{ rules: readonly Rule[] }>(recording, kind, name).rules;

describe.each(['Role', 'RoleBinding'])('%s', (kind) => {
  test('lies in the platform’s namespace, and the monitor’s in its own', () => {
    expect(named(local, kind)).toEqual([
      'go-coffee-dr/dr-watch',
      'go-coffee/dr-capture',
      'go-coffee/dr-health',
      'go-coffee/patroni',
    ]);
  });
});

describe.each(['ClusterRole', 'ClusterRoleBinding'])('%s', (kind) => {
  test('has another name in each stack of a cluster', () => {
    expect(named(local, kind)).toEqual(['dr-capture-go-coffee-dr', 'dr-health-go-coffee-dr', 'dr-watch-go-coffee-dr']);
    expect(named(moved, kind)).toEqual(['dr-capture-shop-dr', 'dr-health-shop-dr', 'dr-watch-shop-dr']);
  });
});

test('each is given to one account of the recovery namespace', () => {
  for (const [role, account] of [
    ['dr-capture', 'dr-writer'],
    ['dr-health', 'dr-auditor'],
    ['dr-watch', 'dr-monitor'],
  ] as const) {
    const subjects = [{ kind: 'ServiceAccount', name: account, namespace: 'shop-dr' }];
    expect(object(moved, 'RoleBinding', role)).toMatchObject({ roleRef: { kind: 'Role', name: role }, subjects });
    const roleRef = { kind: 'ClusterRole', name: `${role}-shop-dr` };
    expect(object(moved, 'ClusterRoleBinding', `${role}-shop-dr`)).toMatchObject({ roleRef, subjects });
  }
});

test('besides Patroni nobody may do more than read', () => {
  const roles = [...kinds(local, 'Role'), ...kinds(local, 'ClusterRole')].map(({ manifest }) => manifest);
  const reading = roles.filter(({ metadata }) => metadata.name !== 'patroni');
  expect(reading).toHaveLength(6);
  const verbs = reading.flatMap(({ rules }) => (rules as readonly Rule[]).flatMap((rule) => rule.verbs));
  expect(new Set(verbs)).toEqual(new Set(['get', 'list']));
});

test('everything may be read in the platform’s namespace alone, and of the whole cluster no Secret', () => {
  expect(rulesOf(local, 'Role', 'dr-capture')).toEqual(captureRights([]).namespaced);
  const clusterWide = rulesOf(local, 'ClusterRole', 'dr-capture-go-coffee-dr');
  expect(clusterWide.flatMap(({ apiGroups }) => apiGroups)).not.toContain('*');
  const wild = clusterWide.filter(({ resources }) => resources.includes('*')).flatMap(({ apiGroups }) => apiGroups);
  expect(wild).toEqual(['admissionregistration.k8s.io']);
  const core = clusterWide.filter(({ apiGroups }) => apiGroups.includes(''));
  expect(core).toEqual([{ apiGroups: [''], resources: ['namespaces'], verbs: ['get'] }]);
});

test('a backup may read the cluster-scoped kinds of operators that the config names', () => {
  const rule = { apiGroups: ['cert-manager.io'], resources: ['clusterissuers'], verbs: ['get'] };
  expect(rulesOf(local, 'ClusterRole', 'dr-capture-go-coffee-dr')).toContainEqual(rule);
  expect(rulesOf(moved, 'ClusterRole', 'dr-capture-shop-dr')).not.toContainEqual(rule);
});

test('the pods’ dr.yaml has the hooks that the config names', () => {
  const { data } = object<{ data: Record<string, string> }>(local, 'ConfigMap', 'dr-environment');
  const namespaces = ['go-coffee'];
  expect(parse(data['dr.yaml'] ?? '').kubernetes).toEqual({ inCluster: true, namespaces, hooks: HOOKS.kubernetes });
});

test('checks of health see workloads and pods, and nothing that holds a secret', () => {
  expect(rulesOf(moved, 'Role', 'dr-health')).toEqual(healthRights(['shop']).namespaced);
  const rules = rulesOf(moved, 'Role', 'dr-health');
  expect(rules.flatMap((rule) => rule.resources)).toEqual([
    ...['deployments', 'statefulsets', 'daemonsets', 'pods'],
    'networkpolicies',
  ]);
});

test('the Redis that begins with a copy reads no object', async () => {
  const previous = { leads: false, site: 'eu-west-1', generation: 1 };
  const promoted = await record('dr', { role: 'primary' }, { previous });
  const { data } = object<{ data: Record<string, string> }>(promoted, 'ConfigMap', 'redis-seed');
  expect(data['dr.yaml']).toContain('repositories:');
  expect(data['dr.yaml']).not.toContain('kubernetes');
  const pods = object<{ data: Record<string, string> }>(promoted, 'ConfigMap', 'dr-environment').data;
  expect(pods['dr.yaml']).toContain('inCluster: true');
});

test('rights come before the pods that use them', () => {
  for (const [job, role] of [
    ['dr-daily', 'dr-capture'],
    ['dr-service-startup', 'dr-health'],
  ] as const) {
    const before = predecessors(local, 'CronJob', job);
    expect(before).toEqual(expect.arrayContaining([`RoleBinding ${role}`, `ClusterRoleBinding ${role}-go-coffee-dr`]));
  }
});
