/** Every namespace of the stack allows only the traffic that a policy opens. */
import { at, isUnknown, listAt, ofType, quoted, type Resource, textAt } from '../resource.ts';
import type { Breach, Rule, Stack } from '../rule.ts';
import { LINES } from './lines.ts';

export const NAMESPACE = 'kubernetes:core/v1:Namespace';
export const NETWORK_POLICY = 'kubernetes:networking.k8s.io/v1:NetworkPolicy';

/**
 * Not one that comes back as it was captured, whose level and policies are the platform's. Those are declared under their identity, e.g.
 * `Namespace/shop`; labels say nothing, because a change may remove them.
 */
export function isOwnNamespace({ name }: Pick<Resource, 'name'>): boolean {
  return !name.startsWith('Namespace/');
}

/** True for a policy that selects every pod, applies in both directions and opens nothing. */
function deniesAll({ props }: Resource): boolean {
  const selector = at(props, 'spec', 'podSelector');
  const types = listAt(props, 'spec', 'policyTypes');
  const everyPod =
    typeof selector === 'object' &&
    selector !== null &&
    Object.keys(at(selector, 'matchLabels') ?? {}).length === 0 &&
    listAt(selector, 'matchExpressions').length === 0;
  const opened = [...listAt(props, 'spec', 'ingress'), ...listAt(props, 'spec', 'egress')];
  return everyPod && types.includes('Ingress') && types.includes('Egress') && opened.length === 0;
}

function check({ resources }: Stack): Breach[] {
  const policies = ofType(resources, NETWORK_POLICY);
  const own = ofType(resources, NAMESPACE).filter(isOwnNamespace);
  return own.flatMap(({ name, props }) => {
    const namespace = textAt(props, 'metadata', 'name');
    const denied = policies.some((policy) => {
      const own = at(policy.props, 'metadata', 'namespace');
      return (own === namespace || isUnknown(own) || isUnknown(namespace)) && deniesAll(policy);
    });
    if (denied) return [];
    return [
      { resource: name, found: `namespace ${quoted(namespace)} has no NetworkPolicy that denies all by default` },
    ];
  });
}

export const defaultDeny: Rule = {
  id: 'default-deny',
  over: 'stack',
  holds: 'Every namespace of the stack has a policy that denies all traffic by default.',
  breaks: LINES.network,
  check,
};
