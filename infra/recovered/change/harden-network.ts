/**
 * Network policies of a hardened namespace: they deny by default and allow DNS and the ports of the namespace's Services. Pods of the
 * namespace reach each other through Services; from outside only backends of an Ingress, a load balancer or an API webhook are reachable.
 * Pure.
 */
import { fieldsOf, groupOf, isRoute, type KubeObject, listOf } from '../../../recovery/public.ts';
import { backendsOf } from '../objects/backends.ts';
import { type Fields, templateOf } from '../objects/pod-templates.ts';

/** Marks the policies that are made here: a second pass removes them and makes them again. */
export const MADE_LABEL = 'go-coffee-dr/hardening';

const DNS_PORTS = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
];

function policy(namespace: string, name: string, spec: Fields): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels: { [MADE_LABEL]: 'network-policies' } },
    spec,
  };
}

type Labels = Readonly<Record<string, string>>;

interface Selected {
  readonly namespace: string;
  readonly name: string;
  readonly selector: Labels;
  /** In the form of NetworkPolicy. */
  readonly ports: readonly Fields[];
  readonly outward: boolean;
}

interface Pods {
  readonly namespace: string;
  readonly labels: Labels;
  readonly spec: Fields;
}

const fits = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

/** Port names differ from pod to pod, so policies for callers need numbers. */
function numbersOf(port: Fields, pods: readonly Pods[]): unknown[] {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return [target];
  const found = pods.flatMap(({ spec }) =>
    [...listOf(spec.containers), ...listOf(spec.initContainers)].flatMap((container) =>
      listOf(fieldsOf(container).ports)
        .map(fieldsOf)
        .filter(({ name }) => name === target)
        .map(({ containerPort }) => containerPort),
    ),
  );
  return found.length === 0 ? [target] : [...new Set(found)];
}

/** `namespace/name` of the Services that are called from outside of their namespace. */
function calledFromOutside(objects: readonly KubeObject[]): Set<string> {
  const found = objects.flatMap((object) => {
    const { spec, webhooks, metadata } = object;
    const isCalledByApi = ['admissionregistration.k8s.io', 'apiregistration.k8s.io', 'apiextensions.k8s.io'].includes(
      groupOf(object),
    );
    // The API server is not a pod, so no policy can select it.
    const backends = isCalledByApi ? backendsOf([webhooks, spec]) : isRoute(object) ? backendsOf(spec) : [];
    return backends.map(({ name, namespace = metadata.namespace }) => `${namespace}/${name}`);
  });
  return new Set(found);
}

function servicesOf(objects: readonly KubeObject[], pods: readonly Pods[]): Selected[] {
  const outside = calledFromOutside(objects);
  return objects.flatMap((object): Selected[] => {
    const { namespace = '', name } = object.metadata;
    const spec = fieldsOf(object.spec);
    const selector = fieldsOf(spec.selector) as Labels;
    if (object.kind !== 'Service' || groupOf(object) !== '' || Object.keys(selector).length === 0) return [];
    const behind = pods.filter((each) => each.namespace === namespace && fits(selector, each.labels));
    const ports = listOf(spec.ports)
      .map(fieldsOf)
      .flatMap((port) => numbersOf(port, behind).map((number) => ({ protocol: port.protocol ?? 'TCP', port: number })));
    const outward = ['LoadBalancer', 'NodePort'].includes(String(spec.type)) || outside.has(`${namespace}/${name}`);
    return [{ namespace, name, selector, ports, outward }];
  });
}

/** The names fit: a Service's has at most 63 characters, a policy's 253. */
function servicePolicies({ namespace, name, selector, ports, outward }: Selected): KubeObject[] {
  const podSelector = { matchLabels: selector };
  const from = outward ? {} : { from: [{ podSelector: {} }] };
  return [
    policy(namespace, `hardened-into-${name}`, {
      podSelector,
      policyTypes: ['Ingress'],
      ingress: [{ ...from, ports }],
    }),
    policy(namespace, `hardened-to-${name}`, {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector }], ports }],
    }),
  ];
}

function base(namespace: string): KubeObject[] {
  const to = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }];
  return [
    policy(namespace, 'hardened-default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    policy(namespace, 'hardened-names', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ to, ports: DNS_PORTS }],
    }),
  ];
}

function podsOf(objects: readonly KubeObject[]): Pods[] {
  return objects.flatMap((object) => {
    const template = templateOf(object);
    if (template === undefined) return [];
    const own = object.kind === 'Pod' ? (object.metadata.labels ?? {}) : template.labels;
    return [{ namespace: object.metadata.namespace ?? '', labels: own, spec: template.spec }];
  });
}

/** For every namespace with pods, in alphabetical order. */
export function networkPoliciesFor(objects: readonly KubeObject[]): KubeObject[] {
  const pods = podsOf(objects);
  const namespaces = [...new Set(pods.map(({ namespace }) => namespace))].sort();
  const services = servicesOf(objects, pods).sort((a, b) => (a.name < b.name ? -1 : 1));
  return namespaces.flatMap((namespace) => [
    ...base(namespace),
    ...services.filter((each) => each.namespace === namespace && each.ports.length > 0).flatMap(servicePolicies),
  ]);
}
