/** Narrows a network policy for a drill: it allows nothing beyond the drill's own namespace. Pure. */
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

/** True for a selector of this namespace by name, or of every namespace. Other labels of the namespace are not known here. */
function selectsNamespace(selector: unknown, namespace: string): boolean {
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  const labels = Object.entries(fieldsOf(matchLabels));
  return listOf(matchExpressions).length === 0 && labels.every(([key, value]) => key === NAME && value === namespace);
}

/** The parts of the peers that lie in the namespace, and the cluster's DNS where the rule opens nothing else. */
function inside(peer: unknown, namespace: string, rule: 'only DNS' | 'any'): Fields[] {
  const { ipBlock, namespaceSelector, podSelector } = fieldsOf(peer);
  if (ipBlock !== undefined) return [];
  if (namespaceSelector === undefined || selectsNamespace(namespaceSelector, namespace)) {
    return [{ podSelector: podSelector ?? {} }];
  }
  // A drill needs DNS too.
  return rule === 'only DNS' && selectsNamespace(namespaceSelector, 'kube-system') ? [fieldsOf(peer)] : [];
}

function narrowedRule(given: unknown, side: Side, namespace: string): Fields[] {
  const rule = fieldsOf(given);
  const dns = side === 'to' && onlyDns(rule);
  const peers = listOf(rule[side]);
  // A rule without peers allows every address. In a drill it allows the pods of its namespace.
  const left =
    peers.length === 0
      ? [{ podSelector: {} }, ...(dns ? [DNS_NAMESPACE] : [])]
      : peers.flatMap((peer) => inside(peer, namespace, dns ? 'only DNS' : 'any'));
  return left.length === 0 ? [] : [{ ...rule, [side]: left }];
}

/** Omits empty lists: the API drops them, and `policyTypes` has the same effect. */
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
