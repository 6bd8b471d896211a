import { fieldsOf, type KubeObject, listOf } from './objects.ts';

/** True for a network policy that denies everything, in both directions, to every pod of its namespace. */
export function deniesAll({ kind, spec }: KubeObject): boolean {
  const { podSelector, policyTypes, ingress, egress } = fieldsOf(spec);
  const { matchLabels, matchExpressions } = fieldsOf(podSelector);
  const all = Object.keys(fieldsOf(matchLabels)).length + listOf(matchExpressions).length === 0;
  const both = ['Ingress', 'Egress'].every((type) => listOf(policyTypes).includes(type));
  return kind === 'NetworkPolicy' && all && both && listOf(ingress).length + listOf(egress).length === 0;
}
