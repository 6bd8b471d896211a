/** The order in which a recovered platform is declared. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Step, stepsOf } from '../../../infra/recovered/steps.ts';
import { withInstructions } from '../../../infra/recovered/waits.ts';
import { productionPlan } from '../../../plan/production.ts';
import { type KubeObject, restoreWaves } from '../../../recovery/public.ts';
import { PLATFORM } from './sample-snapshot.ts';

const ALL = PLATFORM.objects.map(({ object }) => object);
const { steps: STEPS, placements } = stepsOf({ plan: productionPlan, objects: ALL });

const step = (id: string): readonly string[] =>
  (STEPS.find((each) => each.id === id)?.objects ?? []).map(({ kind, metadata }) => `${kind} ${metadata.name}`);

/** Step → every step before it, through others too. */
function stepsBefore(steps: readonly Step[]): Map<string, Set<string>> {
  const all = new Map<string, Set<string>>();
  for (const { id, after } of steps) {
    all.set(id, new Set(after.flatMap((each) => [each, ...(all.get(each) ?? new Set<string>())])));
  }
  return all;
}

test('the waves, the check of the stores, tier by tier, what leads to them beside, admission last', () => {
  expect(STEPS.map(({ id, after, check }) => [id, after, check])).toEqual([
    ['namespaces', [], undefined],
    ['definitions', ['namespaces'], undefined],
    ['classes', ['definitions'], undefined],
    ['accounts', ['classes'], undefined],
    ['bindings', ['accounts'], undefined],
    ['configuration', ['bindings'], undefined],
    ['storage', ['configuration'], undefined],
    ['services', ['storage'], undefined],
    ['custom-resources', ['services'], undefined],
    ['stores', ['custom-resources'], 'stores'],
    ['p1', ['stores'], 'P1'],
    ['routes-p1', ['p1'], undefined],
    ['p2', ['p1'], 'P2'],
    ['jobs-p2', ['p2'], undefined],
    ['routes-p2', ['p2'], undefined],
    ['p3', ['p2'], 'P3'],
    ['p4', ['p3'], 'P4'],
    ['jobs-p4', ['p4'], undefined],
    ['routes-p4', ['p4'], undefined],
    ['admission', ['routes-p1', 'jobs-p2', 'routes-p2', 'jobs-p4', 'routes-p4'], undefined],
  ]);
});

test('an API of the platform’s own comes after the pods that serve it, and what it serves after the API', () => {
  const api = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1.metering.example.com' },
    spec: { group: 'metering.example.com', version: 'v1', service: { namespace: 'go-coffee', name: 'api' } },
  };
  const meter = {
    apiVersion: 'metering.example.com/v1',
    kind: 'Meter',
    metadata: { name: 'm', namespace: 'go-coffee' },
  };
  const { steps } = stepsOf({ plan: productionPlan, objects: [meter, api, ...ALL] });
  const before = stepsBefore(steps);
  const of = (object: KubeObject) => steps.find(({ objects }) => objects.includes(object))?.id ?? '';
  expect([...(before.get(of(api)) ?? [])]).toEqual(expect.arrayContaining(['services', 'p1', 'p4']));
  expect(before.get(of(meter))).toContain(of(api));
  expect(before.get('admission')).toContain(of(api));
  expect(withInstructions(api).metadata.annotations).toEqual({ 'pulumi.com/waitFor': 'condition=Available' });
});

test('what belongs to a service goes with it; what belongs to none with the last tier', () => {
  expect(step('p1')).toEqual(['Deployment auth-service', 'PodDisruptionBudget auth']);
  expect(step('p2')).toEqual(['Deployment order-service', 'HorizontalPodAutoscaler orders']);
  expect(step('p3')).toEqual(['Deployment ai-search']);
  expect(step('p4')).toEqual(expect.arrayContaining(['Deployment api', 'Deployment loyalty', 'StatefulSet orders']));
  // They run by themselves: after the check of what they work on.
  expect(step('jobs-p2')).toEqual(['CronJob order-service-cleanup']);
  expect(step('jobs-p4')).toEqual(['Job import']);
  // To the most critical of the services that it leads to: who waits for the others would miss its RTO.
  expect(step('routes-p1')).toEqual(['Ingress shop']);
  const unmatched = [...placements]
    .filter(([, { service }]) => service === undefined)
    .map(([{ metadata }]) => metadata.name);
  expect(unmatched).toEqual(expect.arrayContaining(['loyalty', 'import']));
  expect(unmatched).not.toContain('auth-service');
});

const route = (apiVersion: string, kind: string, spec: unknown): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'way-in', namespace: 'go-coffee' },
  spec,
});

test.each([
  ['gateway.networking.k8s.io/v1', 'HTTPRoute', { rules: [{ backendRefs: [{ name: 'order-service', port: 80 }] }] }],
  ['traefik.io/v1alpha1', 'IngressRoute', { routes: [{ services: [{ name: 'order-service', port: 80 }] }] }],
  ['projectcontour.io/v1', 'HTTPProxy', { routes: [{ services: [{ name: 'order-service', port: 80 }] }] }],
  [
    'networking.istio.io/v1',
    'VirtualService',
    { http: [{ route: [{ destination: { host: 'order-service.go-coffee.svc.cluster.local' } }] }] },
  ],
  ['route.openshift.io/v1', 'Route', { to: { kind: 'Service', name: 'order-service' } }],
])('%s %s leads users to a tier when it is well', (apiVersion, kind, spec) => {
  const { steps } = stepsOf({ plan: productionPlan, objects: [...ALL, route(apiVersion, kind, spec)] });
  const found = steps.find(({ objects }) => objects.some(({ metadata }) => metadata.name === 'way-in'));
  expect([found?.id, found?.after]).toEqual(['routes-p2', ['p2']]);
});

test('a route to a host outside of the cluster is no tier’s', () => {
  const outside = { http: [{ route: [{ destination: { host: 'order-service.example.com' } }] }] };
  const { steps } = stepsOf({
    plan: productionPlan,
    objects: [...ALL, route('networking.istio.io/v1', 'VirtualService', outside)],
  });
  expect(steps.find(({ objects }) => objects.some(({ metadata }) => metadata.name === 'way-in'))?.id).toBe('routes');
});

describe('of any part of the objects', () => {
  const parts = fc
    .subarray(ALL, { minLength: 0 })
    .chain((part) => fc.shuffledSubarray(part, { minLength: part.length }));
  const LATER = ['workloads', 'scaling', 'converted-resources', 'routes', 'admission'];

  test('each is declared once, and after every wave that must be before it', () => {
    fc.assert(
      fc.property(parts, (part) => {
        const { steps } = stepsOf({ plan: productionPlan, objects: part });
        const found = steps.flatMap(({ objects }) => objects);
        expect(new Set(found)).toEqual(new Set(part));
        expect(found).toHaveLength(part.length);
        const ids = steps.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        const stepOf = new Map(steps.flatMap(({ id, objects }) => objects.map((object) => [object, id] as const)));
        const earlier = stepsBefore(steps);
        const comes = (a: KubeObject, b: KubeObject) => earlier.get(stepOf.get(b) ?? '')?.has(stepOf.get(a) ?? '');
        const waves = restoreWaves(part);
        for (const [i, wave] of waves.entries()) {
          const previous = waves.slice(0, i).filter(({ id }) => !LATER.includes(id) || wave.id === 'admission');
          const needed = previous.flatMap(({ objects }) => objects);
          for (const object of wave.objects) expect(needed.filter((each) => !comes(each, object))).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('it is the same whatever order they are found in', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(ALL, { minLength: ALL.length }), (shuffled) => {
        expect(stepsOf({ plan: productionPlan, objects: shuffled }).steps).toEqual(STEPS);
      }),
      { numRuns: 20 },
    );
  });

  test('each tier waits for the one before', () => {
    fc.assert(
      fc.property(parts, (part) => {
        const { steps } = stepsOf({ plan: productionPlan, objects: part });
        const earlier = stepsBefore(steps);
        const checked = steps.filter(({ check }) => check !== undefined).map(({ id }) => id);
        expect(checked[0]).toBe('stores');
        for (const [i, id] of checked.entries()) {
          expect(checked.slice(0, i).filter((each) => !earlier.get(id)?.has(each))).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
