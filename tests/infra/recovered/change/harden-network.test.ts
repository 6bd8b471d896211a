/** Network policies that hardening lays over captured objects: nothing is open but names and the ports of Services. */
import { describe, expect, test } from 'vitest';
import { hardenWith } from '../../../../infra/recovered/change/harden.ts';
import { productionPlan } from '../../../../plan/production.ts';
import type { KubeObject } from '../../../../recovery/public.ts';
import { container, deployment, NS, object } from './harden-fixture.ts';

const harden = hardenWith(productionPlan.hardening);
type Json = Record<string, unknown>;

const named = (objects: readonly KubeObject[], kind: string) =>
  objects.filter((each) => each.kind === kind).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

describe('network policies', () => {
  const service = (name: string, spec: Json) => object('v1', 'Service', name, { spec }, NS);
  const api = deployment('api', {
    containers: [container({ ports: [{ name: 'http', containerPort: 8080 }] })],
  });
  const specOf = (objects: readonly KubeObject[], name: string) =>
    objects.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === name)?.spec;

  test('nothing is open but names and the ports of Services, by number', () => {
    const { objects } = harden([
      api,
      service('api', { selector: { app: 'api' }, ports: [{ port: 80, targetPort: 'http' }] }),
    ]);
    expect(named(objects, 'NetworkPolicy')).toEqual([
      `${NS}/hardened-default-deny`,
      `${NS}/hardened-names`,
      `${NS}/hardened-into-api`,
      `${NS}/hardened-to-api`,
    ]);
    const ports = [{ protocol: 'TCP', port: 8080 }];
    const podSelector = { matchLabels: { app: 'api' } };
    expect(specOf(objects, 'hardened-default-deny')).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    expect(specOf(objects, 'hardened-into-api')).toEqual({
      podSelector,
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: {} }], ports }],
    });
    expect(specOf(objects, 'hardened-to-api')).toEqual({
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector }], ports }],
    });
  });

  const backend = { service: { name: 'api', port: { number: 80 } } };
  test.each<[string, KubeObject[], Json]>([
    ['a load balancer', [], { type: 'LoadBalancer' }],
    [
      'an Ingress',
      [object('networking.k8s.io/v1', 'Ingress', 'i', { spec: { rules: [{ http: { paths: [{ backend }] } }] } }, NS)],
      {},
    ],
    [
      'a route of a Gateway',
      [
        object(
          'gateway.networking.k8s.io/v1',
          'HTTPRoute',
          'r',
          { spec: { rules: [{ backendRefs: [{ name: 'api' }] }] } },
          NS,
        ),
      ],
      {},
    ],
    [
      'a webhook',
      [
        object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'w', {
          webhooks: [{ name: 'w', clientConfig: { service: { name: 'api', namespace: NS } } }],
        }),
      ],
      {},
    ],
  ])('who is called by %s may be called from anywhere, at that port', (_, others, more) => {
    const { objects } = harden([
      api,
      ...others,
      service('api', { selector: { app: 'api' }, ports: [{ port: 8080 }], ...more }),
    ]);
    expect(specOf(objects, 'hardened-into-api')).toMatchObject({
      ingress: [{ ports: [{ protocol: 'TCP', port: 8080 }] }],
    });
    expect(JSON.stringify(specOf(objects, 'hardened-into-api'))).not.toContain('from');
  });

  test('a Service without a selector opens nothing', () => {
    const { objects } = harden([api, service('outside', { type: 'ExternalName', externalName: 'x.test' })]);
    expect(named(objects, 'NetworkPolicy')).toHaveLength(2);
  });
});
