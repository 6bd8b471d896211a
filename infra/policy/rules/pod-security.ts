/** Every namespace of the stack refuses pods that need more than the restricted level. */
import { ISOLATED_LABEL } from '../../cluster/labels.ts';
import { at, has, quoted, type Resource } from '../resource.ts';
import type { Breach, Rule } from '../rule.ts';
import { isOwnNamespace, NAMESPACE } from './default-deny.ts';
import { LINES } from './lines.ts';

const ENFORCE = ['metadata', 'labels', 'pod-security.kubernetes.io/enforce'];

function check(resource: Resource): Breach[] {
  const { type, name, props } = resource;
  if (type !== NAMESPACE || !isOwnNamespace(resource) || has(props, ENFORCE, 'restricted')) return [];
  // A drill is quarantined, and its pods must start as those of the platform do.
  if (at(props, 'metadata', 'labels', ISOLATED_LABEL) === 'true') return [];
  const level = quoted(at(props, ...ENFORCE));
  const found = `namespace ${quoted(at(props, 'metadata', 'name'))} enforces pod security ${level}, wanted "restricted"`;
  return [{ resource: name, found }];
}

export const podSecurity: Rule = {
  id: 'pod-security',
  over: 'resource',
  holds: 'Every namespace of the stack enforces the restricted pod security level.',
  breaks: LINES.breach,
  check,
};
