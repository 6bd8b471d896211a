/** Which captured objects come back: what a person names, and never what the stack declares itself or what would refuse everything. */
import { describe, expect, test } from 'vitest';
import { type Section, selectObjects } from '../../../../infra/recovered/select/select.ts';
import { OWN_LABEL } from '../../../../plan/layout.ts';
import { productionPlan } from '../../../../plan/production.ts';
import { captureOf, deployment, PLATFORM } from '../sample-snapshot.ts';

const MAP = { registry: {}, storageClass: {}, namespace: {}, host: {} };

interface Settings {
  readonly only?: string[];
  readonly exclude?: string[];
}

function select(
  { only = [], exclude = [] }: Settings,
  snapshot = PLATFORM,
  platform = 'go-coffee',
  own: readonly string[] = [],
  section: Section = 'recovery',
) {
  return selectObjects({
    ...{ plan: productionPlan, snapshot, section, platform },
    settings: { only, exclude, map: MAP },
    isOwn: ({ metadata }) => metadata.labels?.[OWN_LABEL] !== undefined || own.includes(metadata.name),
  });
}

const names = (settings: Settings, platform?: string): string[] =>
  select(settings, PLATFORM, platform).objects.map(({ kind, metadata: { name } }) => `${kind} ${name}`);

describe('recovery.only', () => {
  test('a tier, with what belongs to no service and so to all', () => {
    const found = names({ only: ['P1'] });
    expect(found).toEqual(
      expect.arrayContaining([
        'Deployment auth-service',
        'PodDisruptionBudget auth',
        'Ingress shop',
        'Secret database',
      ]),
    );
    for (const other of [
      'Deployment order-service',
      'CronJob order-service-cleanup',
      'Deployment loyalty',
      'Job import',
    ]) {
      expect(found).not.toContain(other);
    }
  });

  test('a service', () => {
    const found = names({ only: ['order-service'] });
    expect(found).toEqual(
      expect.arrayContaining([
        'Deployment order-service',
        'CronJob order-service-cleanup',
        'HorizontalPodAutoscaler orders',
        'Service order-service',
        'Ingress orders',
        'ConfigMap settings',
      ]),
    );
    expect(found).not.toContain('Deployment auth-service');
  });

  test('kinds and names alone: nothing else comes', () => {
    expect(names({ only: ['Secret', 'Deployment/loyalty'] }).sort()).toEqual([
      'Deployment loyalty',
      'Secret database',
      'Secret sh.helm.release.v1.api.v3',
    ]);
  });
});

test.each([
  ['Deployment/order-service'],
  ['Deployment/go-coffee/order-service'],
  ['Deployment.apps go-coffee/order-service'],
  ['Deployment/drill/order-service'],
])('recovery.exclude understands %s, under the old name of the namespace and the new one', (selector) => {
  const all = names({}, 'drill');
  const left = names({ exclude: [selector] }, 'drill');
  expect(all.filter((name) => !left.includes(name))).toEqual(['Deployment order-service']);
});

test('the last tier has what no service of the plan is', () => {
  const left = names({ exclude: ['P4'] });
  for (const gone of ['Deployment loyalty', 'Deployment api', 'Job import', 'StatefulSet orders'])
    expect(left).not.toContain(gone);
  expect(left).toContain('Deployment auth-service');
});

test('what selects nothing is refused, with what is near', () => {
  const { problems } = select({ only: ['P3'], exclude: ['Deployment/order-servce', 'Cronjob', 'P9'] });
  expect(problems.map(({ path, fact, hint }) => [path.join('.'), fact, hint])).toEqual([
    [
      'recovery.exclude.0',
      'the manifest snapshot has no object "Deployment/order-servce"',
      expect.stringMatching(/^write one of: Deployment\/order-service, /),
    ],
    ['recovery.exclude.1', 'the manifest snapshot has no object "Cronjob"', expect.stringContaining('CronJob')],
    ['recovery.exclude.2', 'the manifest snapshot has no object "P9"', expect.stringMatching(/P1/)],
  ]);
});

test('what the stack declares itself is not declared twice', () => {
  const labelled = {
    ...deployment('api'),
    metadata: { name: 'api', namespace: 'go-coffee', labels: { [OWN_LABEL]: 'stack' } },
  };
  const { objects, excluded } = select(
    {},
    captureOf([labelled, deployment('postgres'), deployment('shop')]),
    'go-coffee',
    ['postgres'],
  );
  expect(objects.map(({ metadata }) => metadata.name)).toEqual(['shop']);
  expect(excluded).toEqual({ own: ['Deployment.apps/go-coffee/api', 'Deployment.apps/go-coffee/postgres'] });
});

describe('webhooks', () => {
  test('whose service is gone are left out: they would refuse everything', () => {
    const { objects, excluded } = select({});
    const kept = objects.filter(({ kind }) => kind.endsWith('WebhookConfiguration'));
    expect(kept.map(({ metadata }) => metadata.name)).toEqual(['guard']);
    expect(excluded['service-gone']).toEqual(['ValidatingWebhookConfiguration.admissionregistration.k8s.io/gone']);
  });

  test('nor with a service that is left out itself', () => {
    const { excluded } = select({ exclude: ['Service/api'] });
    expect(excluded['service-gone']).toHaveLength(2);
  });

  test('and so is an API whose server is gone', () => {
    const api = (name: string, service: string) => ({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name },
      spec: { group: name.slice(3), version: 'v1', service: { namespace: 'go-coffee', name: service } },
    });
    const { objects, excluded } = select(
      {},
      captureOf([api('v1.a.example.com', 'api'), api('v1.b.example.com', 'gone')]),
    );
    expect(objects).toEqual([]);
    expect(excluded['service-gone']).toHaveLength(2);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'api', namespace: 'go-coffee' } };
    const with1 = select({}, captureOf([api('v1.a.example.com', 'api'), api('v1.b.example.com', 'gone'), service]));
    expect(with1.objects.map(({ metadata }) => metadata.name)).toEqual(['v1.a.example.com', 'api']);
    expect(with1.excluded['service-gone']).toEqual(['APIService.apiregistration.k8s.io/v1.b.example.com']);
  });

  test('by name they come', () => {
    const { excluded } = select({ only: ['P1', 'ValidatingWebhookConfiguration/gone'] });
    expect(excluded['service-gone'] ?? []).not.toContain(
      'ValidatingWebhookConfiguration.admissionregistration.k8s.io/gone',
    );
  });
});

test('two objects that would have one name are refused', () => {
  const both = captureOf(
    [deployment('api'), { ...deployment('api'), metadata: { name: 'api', namespace: 'tea' } }],
    ['go-coffee', 'tea'],
  );
  const { problems } = selectObjects({
    ...{ plan: productionPlan, snapshot: both, section: 'recovery', platform: 'go-coffee', isOwn: () => false },
    settings: { only: [], exclude: [], map: { ...MAP, namespace: { tea: 'go-coffee' } } },
  });
  expect(problems.map(({ path, fact }) => [path.join('.'), fact])).toEqual([
    ['recovery.map.namespace', 'two objects of the manifest snapshot would both be Deployment.apps/go-coffee/api'],
  ]);
});

test('the capture stays as it was', () => {
  const before = JSON.stringify(PLATFORM);
  select({ exclude: ['P1'] }, PLATFORM, 'drill');
  expect(JSON.stringify(PLATFORM)).toBe(before);
});
