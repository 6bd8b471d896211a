/** A stack beside a platform that is there: it makes nothing in its namespaces but the right to read them, and changes none of them. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { declaredPlan } from '../../../infra/policy/effective-plan.ts';
import { breaches, message } from '../../../infra/policy/rule.ts';
import { RULES } from '../../../infra/policy/rules.ts';
import { packSnapshot } from '../../../recovery/public.ts';
import { kubernetesObjects } from '../manifests-of.ts';
import { object } from '../objects.ts';
import { type Recording, record } from '../recording.ts';
import { captureOf, deployment, PIN, recoveryConfig } from '../recovered/sample-snapshot.ts';

const PLATFORM = ['shop', 'shop-data'];
const NAMESPACES = { platform: { existing: PLATFORM }, recovery: 'shop-dr' };
const beside = await record('local', { namespaces: NAMESPACES });

const inside = (recording: Recording, namespaces: readonly string[]) =>
  kubernetesObjects(recording)
    .map(({ manifest }) => manifest)
    .filter(({ metadata }) => namespaces.includes(metadata.namespace ?? ''))
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);

function breachesOf(recording: Recording): string[] {
  const resources = recording.map(({ type, name, inputs, secrets }) => ({ type, name, props: inputs, secrets }));
  const { plan } = declaredPlan(resources);
  return RULES.flatMap((rule) => breaches(rule, { resources, plan }).map((breach) => message(rule, breach)));
}

test('in the platform’s namespaces there are only rights to read', () => {
  expect(inside(beside, PLATFORM).toSorted()).toEqual([
    'Role shop-data/dr-capture-shop-dr',
    'Role shop-data/dr-health-shop-dr',
    'Role shop/dr-capture-shop-dr',
    'Role shop/dr-health-shop-dr',
    'RoleBinding shop-data/dr-capture-shop-dr',
    'RoleBinding shop-data/dr-health-shop-dr',
    'RoleBinding shop/dr-capture-shop-dr',
    'RoleBinding shop/dr-health-shop-dr',
  ]);
  const { rules } = object<{ rules: { verbs: string[] }[] }>(beside, 'Role', 'dr-capture-shop-dr');
  expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['get', 'list']));
});

test('the stack makes two namespaces of its own, and the stores are in one of them', () => {
  const made = kubernetesObjects(beside).filter(({ manifest }) => manifest.kind === 'Namespace');
  expect(made.map(({ manifest }) => manifest.metadata.name)).toEqual(['shop-dr', 'shop-dr-stores']);
  expect(inside(beside, ['shop-dr-stores'])).toEqual(
    expect.arrayContaining(['StatefulSet shop-dr-stores/postgres', 'StatefulSet shop-dr-stores/redis']),
  );
  expect(beside.outputs).toMatchObject({
    namespaces: { platform: 'shop-dr-stores', recovery: 'shop-dr', existing: PLATFORM },
    hosts: { postgres: 'postgres.shop-dr-stores.svc' },
  });
});

test('a backup captures every one of them, and every pod of theirs may reach the stores', () => {
  const { data } = object<{ data: Record<string, string> }>(beside, 'ConfigMap', 'dr-environment');
  expect(parse(data['dr.yaml'] ?? '').kubernetes.namespaces).toEqual(PLATFORM);
  const { spec } = object<{ spec: { ingress: { from: unknown[] }[] } }>(beside, 'NetworkPolicy', 'into-postgres');
  for (const name of PLATFORM) {
    const peer = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
    expect(spec.ingress[0]?.from).toContainEqual(peer);
  }
});

test('the quota of the stores is theirs alone', async () => {
  const hard = (recording: Recording, namespace: string) =>
    kubernetesObjects(recording)
      .map(
        ({ manifest }) =>
          manifest as unknown as {
            kind: string;
            metadata: { namespace: string };
            spec: { hard: Record<string, string> };
          },
      )
      .find(({ kind, metadata }) => kind === 'ResourceQuota' && metadata.namespace === namespace)?.spec.hard;
  expect(Number(hard(beside, 'shop-dr-stores')?.pods)).toBeLessThan(100);
  const open = await record('local', { quotas: { platform: { loadBalancers: 3 } } });
  expect(hard(open, 'go-coffee')).toMatchObject({ 'services.loadbalancers': '3', 'services.nodeports': '0' });
});

const namespace = (name: string, level: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': level, team: 'shop' } },
});
const of = (name: string, made: ReturnType<typeof deployment>) => ({
  ...made,
  metadata: { ...made.metadata, namespace: name },
});
const captured = captureOf(
  [
    namespace('shop', 'privileged'),
    namespace('shop-data', 'baseline'),
    of('shop', deployment('web')),
    of('shop-data', deployment('worker')),
  ],
  PLATFORM,
);

async function recovered(settings: object, config: object): Promise<Recording> {
  const recoveredObjects = await packSnapshot(captured);
  const previous = { leads: true, site: 'local', generation: 2, recoveredFrom: PIN, recoveredObjects };
  return record('local', { ...recoveryConfig(settings), ...config }, { previous });
}

const labelsOf = (recording: Recording, name: string) =>
  object<{ metadata: { labels: Record<string, string> } }>(recording, 'Namespace', name).metadata.labels;

test('a rebuild brings the namespaces back as they were: no level, quota or policy of ours', async () => {
  const back = await recovered({}, { namespaces: NAMESPACES });
  expect(inside(back, PLATFORM)).toEqual(
    expect.arrayContaining(['Deployment shop/web', 'Deployment shop-data/worker']),
  );
  expect(inside(back, PLATFORM).filter((each) => /^(NetworkPolicy|ResourceQuota|LimitRange) /.test(each))).toEqual([]);
  expect(labelsOf(back, 'shop')).toMatchObject({ team: 'shop', 'pod-security.kubernetes.io/enforce': 'privileged' });
  expect(breachesOf(back).filter((each) => /namespace "?shop/.test(each))).toEqual([]);
});

test('a drill makes namespaces of its own for them, each quarantined, at the level that its pods need', async () => {
  const existing = ['web-drill', 'data-drill'];
  const drill = await recovered(
    { isolated: true, map: { namespace: { shop: 'web-drill', 'shop-data': 'data-drill' } } },
    { namespaces: { platform: { existing }, stores: 'web-drill-stores', recovery: 'web-drill-dr' } },
  );
  expect(inside(drill, existing)).toEqual(
    expect.arrayContaining([
      'Deployment web-drill/web',
      'Deployment data-drill/worker',
      'NetworkPolicy web-drill/default-deny',
      'NetworkPolicy data-drill/default-deny',
      'NetworkPolicy web-drill/within-drill',
    ]),
  );
  const level = 'pod-security.kubernetes.io/enforce';
  expect(existing.map((name) => labelsOf(drill, name)[level])).toEqual(['privileged', 'baseline']);
  expect(existing.map((name) => labelsOf(drill, name)['go-coffee-dr/isolated'])).toEqual(['true', 'true']);
  expect(inside(drill, PLATFORM)).toEqual([]);
  expect(breachesOf(drill).filter((each) => /drill/.test(each))).toEqual([]);
});
