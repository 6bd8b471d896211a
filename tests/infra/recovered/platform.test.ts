/** A recovered platform as the whole program declares it: recorded, and none of it made. */
import { describe, expect, test } from 'vitest';
import { declaredPlan } from '../../../infra/policy/effective-plan.ts';
import { breaches, message } from '../../../infra/policy/rule.ts';
import { RULES } from '../../../infra/policy/rules.ts';
import { type ManifestSnapshot, packSnapshot } from '../../../recovery/public.ts';
import { type KubernetesObject, kubernetesObjects } from '../manifests-of.ts';
import { find, kinds, podOf, predecessors, resourceOf } from '../objects.ts';
import { type RecordedResource, type Recording, record } from '../recording.ts';
import { captureOf, OBJECTS, PIN, PLATFORM, recoveryConfig } from './sample-snapshot.ts';

async function recover(
  settings: object = {},
  captured: ManifestSnapshot = PLATFORM,
  config: object = {},
): Promise<Recording> {
  const recoveredObjects = await packSnapshot(captured);
  const previous = { leads: true, site: 'local', generation: 2, recoveredFrom: PIN, recoveredObjects };
  return record('local', { ...recoveryConfig(settings), ...config }, { previous });
}

const local = await record('local');
const recovered = await recover();

const objectsOf = (recording: Recording): RecordedResource[] =>
  recording.filter(({ type, custom }) => custom && type.startsWith('kubernetes:'));
const platformOf = (recording: Recording): RecordedResource[] =>
  objectsOf(recording).filter(({ parent }) => parent?.endsWith('::platform') === true);

const identity = ({ manifest: { kind, metadata } }: KubernetesObject) =>
  `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

describe('every captured object', () => {
  test('is declared once, under a name that says who it is, and nothing that the stack has is declared twice', () => {
    const all = kubernetesObjects(recovered).map(identity);
    expect(new Set(all).size).toBe(all.length);
    const names = platformOf(recovered).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['Deployment.apps/go-coffee/order-service', 'Widget.example.com/go-coffee/gear']),
    );
    const types = platformOf(recovered).map(({ type, name }) => `${type} ${name}`);
    expect(types).toContain('kubernetes:example.com/v1:Widget Widget.example.com/go-coffee/gear');
    expect(types).toContain('kubernetes:core/v1:Secret Secret/go-coffee/database');
    // The namespace is the stack's.
    expect(kinds(recovered, 'Namespace')).toHaveLength(2);
  });

  test('a whole platform that this program has made, its labels lost, comes to nothing new', async () => {
    const made = kubernetesObjects(local)
      .map(({ manifest }) => manifest)
      .filter(({ metadata }) => metadata.namespace !== 'go-coffee-dr')
      .map(({ metadata: { labels: _, ...metadata }, ...rest }) => ({ ...rest, metadata }));
    const claims = ['data-postgres-0', 'data-postgres-1', 'data-redis-0'].map((name) => ({
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', spec: {} },
      metadata: { name, namespace: 'go-coffee' },
    }));
    const again = await recover({}, captureOf([...made, ...claims]));
    // Roles of the whole cluster are of a namespace that the capture is not of.
    const declared = platformOf(again).filter(({ name }) => name.includes('/go-coffee/'));
    expect(declared.map(({ name }) => name)).toEqual([]);
  });

  test('nothing is declared where the point holds none, or in another role', async () => {
    const previous = { leads: true, site: 'local', generation: 2, recoveredFrom: { ...PIN, objects: [] } };
    const bare = await record('local', recoveryConfig(), { previous });
    for (const recording of [bare, local]) {
      expect(platformOf(recording)).toEqual([]);
      expect(recording.outputs).not.toHaveProperty('recoveredPlatform');
    }
  });
});

describe('secrets', () => {
  test('are Pulumi secrets, in what goes in and in what comes out', () => {
    const secrets = platformOf(recovered).filter(({ type }) => type.endsWith(':Secret'));
    expect(secrets.length).toBeGreaterThan(0);
    for (const { inputs, secrets: paths } of secrets) {
      expect(['data', 'stringData'].filter((field) => field in inputs && !paths.includes(field))).toEqual([]);
    }
  });

  test('no text of them is anywhere in plain, nor in what is told of the platform', () => {
    const password = 'correct horse';
    const plain = recovered.filter(({ secrets }) => secrets.length === 0);
    expect(JSON.stringify(plain)).not.toContain(password);
    expect(JSON.stringify(recovered.outputs.recoveredPlatform)).not.toContain(password);
    expect(recovered.secretOutputs).toContain('recoveredObjects');
  });
});

describe('the order', () => {
  const earlier = (kind: string, name: string) => predecessors(recovered, kind, name);

  test('definitions before their instances, config before pods, and the stores before the first of them', () => {
    expect(earlier('Widget', 'gear')).toEqual(
      expect.arrayContaining([
        'CustomResourceDefinition widgets.example.com',
        'ConfigMap recovery-definitions',
        'Secret database',
      ]),
    );
    expect(earlier('Deployment', 'auth-service')).toEqual(
      expect.arrayContaining([
        'Job recovery-check-stores-local-2',
        'StatefulSet postgres',
        'StatefulSet redis',
        'Secret database',
      ]),
    );
    // The databases need minutes: what needs none of them does not wait.
    expect(earlier('Widget', 'gear')).not.toContain('StatefulSet postgres');
  });

  test('a tier after the check of the one before, and admission after everything', () => {
    expect(earlier('Deployment', 'order-service')).toContain('Job recovery-check-p1-local-2');
    expect(earlier('Deployment', 'auth-service')).not.toContain('Job recovery-check-p1-local-2');
    expect(earlier('CronJob', 'order-service-cleanup')).toContain('Job recovery-check-p2-local-2');
    expect(earlier('Job', 'import')).toContain('Job recovery-check-p4-local-2');
    expect(earlier('Deployment', 'loyalty')).toContain('Job recovery-check-p3-local-2');
    expect(earlier('Ingress', 'shop')).toContain('Job recovery-check-p1-local-2');
    expect(earlier('Ingress', 'shop')).not.toContain('Job recovery-check-p2-local-2');
    const guard = earlier('ValidatingWebhookConfiguration', 'guard');
    const others = platformOf(recovered).filter(
      ({ type, name }) => !type.includes('admissionregistration') && name !== 'platform-admission',
    );
    expect(
      others.filter(({ inputs }) => !guard.includes(`${inputs.kind} ${(inputs.metadata as { name: string }).name}`)),
    ).toEqual([]);
  });

  test('dependencies grow with the objects, not with their square', () => {
    const objects = platformOf(recovered);
    const dependencies = objects.reduce((sum, { dependsOn }) => sum + dependsOn.length, 0);
    const guardrails = resourceOf(recovered, 'ConfigMap', 'recovery-begin').dependsOn.length;
    const stores = resourceOf(recovered, 'Job', 'recovery-check-stores-local-2').dependsOn.length;
    expect(dependencies).toBeLessThan(3 * objects.length + guardrails + stores);
  });
});

describe('checks', () => {
  test.each([
    ['stores', ['health', '--stores', '--wait', '2h'], 7320],
    ['p1', ['health', '--tier', 'P1', '--wait', '2h'], 7320],
    ['p4', ['health', '--tier', 'P4', '--wait', '24h'], 86_520],
  ])('of %s: as long as the plan gives the tier', (id, args, seconds) => {
    const name = `recovery-check-${id}-local-2`;
    const { spec, namespace } = podOf(recovered, `Job ${name}`);
    expect([namespace, spec.serviceAccountName, spec.containers[0]?.args]).toEqual([
      'go-coffee-dr',
      'dr-auditor',
      args,
    ]);
    const job = find(recovered, 'Job', name)?.manifest;
    expect(job?.spec).toMatchObject({ activeDeadlineSeconds: seconds });
    expect(job?.spec).not.toHaveProperty('ttlSecondsAfterFinished');
    // One that failed is made anew by the next run.
    expect(job?.metadata.annotations).toEqual({ 'pulumi.com/replaceUnready': 'true' });
    expect(resourceOf(recovered, 'Job', name).customTimeouts).toBe(true);
  });

  test('only of tiers that have something', async () => {
    const few = await recover({ only: ['P1'] });
    const jobs = kinds(few, 'Job').map(({ manifest }) => manifest.metadata.name);
    expect(jobs.filter((name) => name.startsWith('recovery-check-')).sort()).toEqual([
      'recovery-check-p1-local-2',
      'recovery-check-stores-local-2',
    ]);
  });
});

describe('waiting and keeping', () => {
  const annotations = (kind: string, name: string) => find(recovered, kind, name)?.manifest.metadata.annotations;

  test('a definition until it is established; what can’t be ready by itself not at all', () => {
    expect(annotations('CustomResourceDefinition', 'widgets.example.com')).toEqual({
      'pulumi.com/waitFor': 'condition=Established',
    });
    for (const [kind, name] of [
      ['PersistentVolumeClaim', 'uploads'],
      ['Service', 'balanced'],
      ['Ingress', 'shop'],
      ['Job', 'import'],
    ] as const) {
      expect(annotations(kind, name)).toEqual({ 'pulumi.com/skipAwait': 'true' });
    }
    expect(annotations('Deployment', 'auth-service')).toBeUndefined();
  });

  test('claims are kept and protected; what is of the whole cluster is kept, and may be there already', () => {
    const claim = resourceOf(recovered, 'PersistentVolumeClaim', 'uploads');
    expect([claim.protect, claim.retainOnDelete]).toEqual([true, true]);
    for (const [kind, name] of [
      ['CustomResourceDefinition', 'widgets.example.com'],
      ['ClusterRole', 'coffee-reader'],
      ['StorageClass', 'fast'],
    ] as const) {
      const { retainOnDelete, provider } = resourceOf(recovered, kind, name);
      expect([retainOnDelete, provider]).toEqual([true, expect.stringContaining('cluster-shared')]);
    }
    const { retainOnDelete, provider } = resourceOf(recovered, 'Deployment', 'auth-service');
    expect([retainOnDelete, provider]).toEqual([false, expect.stringMatching(/::cluster::/)]);
    const shared = recovered.find(({ name }) => name === 'cluster-shared');
    expect(shared?.inputs).toMatchObject({ upsertExistingObjects: 'true', context: expect.anything() });
    expect(recovered.find(({ name }) => name === 'cluster')?.inputs).not.toHaveProperty('upsertExistingObjects');
  });
});

test('the platform’s namespace keeps its marks, and is as strict as the stack wants it', () => {
  expect(find(recovered, 'Namespace', 'go-coffee')?.manifest.metadata.labels).toMatchObject({
    team: 'coffee',
    'pod-security.kubernetes.io/enforce': 'restricted',
    'app.kubernetes.io/name': 'go-coffee',
  });
  expect(find(recovered, 'Namespace', 'go-coffee-dr')?.manifest.metadata.labels).not.toHaveProperty('team');
});

test('what is told: tiers, what no service of the plan is, what was left out and why', () => {
  expect(recovered.outputs.recoveredPlatform).toMatchObject({
    tiers: { P3: ['Deployment.apps/go-coffee/ai-search'] },
    unmatched: [
      'Deployment.apps/go-coffee/api',
      'Deployment.apps/go-coffee/loyalty',
      'Job.batch/go-coffee/import',
      'StatefulSet.apps/go-coffee/orders',
    ],
    leftOut: [
      {
        reason: 'own',
        objects: expect.arrayContaining([
          'Namespace/go-coffee',
          'NetworkPolicy.networking.k8s.io/go-coffee/default-deny',
        ]),
      },
      { reason: 'service-gone', objects: ['ValidatingWebhookConfiguration.admissionregistration.k8s.io/gone'] },
    ],
    notes: [
      expect.stringMatching(/^the quota of go-coffee allows no balancers/),
      expect.stringMatching(/^the quota of go-coffee allows no node ports/),
    ],
  });
});

test('in another namespace, from another registry: everything has its name of here', async () => {
  const map = { registry: { 'registry.test': 'mirror.test/coffee' } };
  const namespaces = { platform: 'drill', recovery: 'drill-dr' };
  const there = await recover({ map }, PLATFORM, { namespaces });
  const { spec, namespace } = podOf(there, 'Deployment auth-service');
  const [container] = spec.containers;
  expect([namespace, container?.image, container?.env[0]?.value]).toEqual([
    'drill',
    'mirror.test/coffee/auth-service:1.4.2',
    'postgres.drill.svc',
  ]);
  const objects = platformOf(there).map(({ inputs }) => inputs as { metadata: { namespace?: string } });
  expect(new Set(objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['drill', 'drill-dr', undefined]));
  expect(JSON.stringify(objects)).not.toMatch(/go-coffee(\.svc|:8080)/);
});

test('a drill’s platform keeps nothing, and no object of the whole cluster is its own', async () => {
  const drill = await recover({ isolated: true }, PLATFORM, {
    namespaces: { platform: 'drill', recovery: 'drill-dr' },
  });
  const { protect, retainOnDelete } = resourceOf(drill, 'PersistentVolumeClaim', 'uploads');
  expect([protect, retainOnDelete]).toEqual([false, false]);
  const ofCluster = platformOf(drill).filter(({ inputs }) => !('namespace' in (inputs.metadata as object)));
  expect(ofCluster.map(({ name }) => name)).toEqual([]);
});

test('the policies hold for a recovered platform', () => {
  // Images by one release alone: the others of the cases are not of this test.
  const resources = recovered.map(({ type, name, inputs, secrets }) => ({ type, name, props: inputs, secrets }));
  const { kind, plan } = declaredPlan(resources);
  expect(kind).toBe('declared');
  const found = RULES.flatMap((rule) => breaches(rule, { resources, plan }).map((breach) => message(rule, breach)));
  expect(found.filter((each) => !/container "api" runs "registry.test\/api:1.4"/.test(each))).toEqual([]);
});

test('a selector that selects nothing stops the program', async () => {
  await expect(recover({ exclude: ['Deployment/order-servce'] })).rejects.toThrow(
    /DR-CONFIG recovery\.exclude\.0: the manifest snapshot has no object "Deployment\/order-servce"\nhint: write one of: Deployment\/order-service/,
  );
  expect(OBJECTS.length).toBeGreaterThan(50);
});
