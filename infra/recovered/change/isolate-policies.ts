/** Pure: a captured network policy as a drill may have it: what it opens beyond the drill's own namespace is closed. */
import { fieldsOf, type KubeObject, listOf } from '../../../recovery/public.ts';

type Fields = Readonly<Record<string, unknown>>;
type Side = 'from' | 'to';

const NAME = 'kubernetes.io/metadata.name';
const DNS_NAMESPACE = { namespaceSelector: { matchLabels: { [NAME]: 'kube-system' } } };
const DNS_PORT = 53;

function onlyDns(rule: Fields): boolean {
  const ports = listOf(rule.ports);
  return ports.length > 0 && ports.every((port) => fieldsOf(port).port === DNS_PORT);
}

/** By its name alone, or every namespace: other labels of the drill's namespace are not known here. */
function means(selector: unknown, namespace: string): boolean {
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  const labels = Object.entries(fieldsOf(matchLabels));
  return listOf(matchExpressions).length === 0 && labels.every(([key, value]) => key === NAME && value === namespace);
}

/** The part of a peer that lies in the namespace. */
function inside(peer: unknown, namespace: string, dns: boolean): Fields[] {
  const { ipBlock, namespaceSelector, podSelector } = fieldsOf(peer);
  if (ipBlock !== undefined) return [];
  if (namespaceSelector === undefined || means(namespaceSelector, namespace)) {
    return [{ podSelector: podSelector ?? {} }];
  }
  // Names are asked for in a drill too.
  return dns && means(namespaceSelector, 'kube-system') ? [fieldsOf(peer)] : [];
}

function narrowedRule(given: unknown, side: Side, namespace: string): Fields[] {
  const rule = fieldsOf(given);
  const dns = side === 'to' && onlyDns(rule);
  const peers = listOf(rule[side]);
  // No peer is every address there is: of those, the pods beside it remain.
  const left =
    peers.length === 0
      ? [{ podSelector: {} }, ...(dns ? [DNS_NAMESPACE] : [])]
      : peers.flatMap((peer) => inside(peer, namespace, dns));
  return left.length === 0 ? [] : [{ ...rule, [side]: left }];
}

/** A list that is empty is left out: the API drops it, and `policyTypes` says the same. */
export function narrowPolicy(policy: KubeObject, namespace: string): KubeObject {
  const { ingress, egress, policyTypes, ...spec } = fieldsOf(policy.spec);
  const types = listOf(policyTypes).length > 0 ? policyTypes : ['Ingress', ...(egress === undefined ? [] : ['Egress'])];
  const ways = { from: listOf(ingress), to: listOf(egress) };
  const rules = (side: Side) => ways[side].flatMap((rule) => narrowedRule(rule, side, namespace));
  const [from, to] = [rules('from'), rules('to')];
  return {
    ...policy,
    spec: {
      ...spec,
      policyTypes: types,
      ...(from.length === 0 ? {} : { ingress: from }),
      ...(to.length === 0 ? {} : { egress: to }),
    },
  };
}
