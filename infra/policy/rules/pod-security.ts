/** Every namespace refuses pods that need more than the restricted level. */
import { at, has, quoted, type Resource } from '../resource.ts';
import type { Breach, Rule } from '../rule.ts';
import { NAMESPACE } from './default-deny.ts';
import { LINES } from './lines.ts';

const ENFORCE = ['metadata', 'labels', 'pod-security.kubernetes.io/enforce'];

function check({ type, name, props }: Resource): Breach[] {
  if (type !== NAMESPACE || has(props, ENFORCE, 'restricted')) return [];
  const level = quoted(at(props, ...ENFORCE));
  const found = `namespace ${quoted(at(props, 'metadata', 'name'))} enforces pod security ${level}, wanted "restricted"`;
  return [{ resource: name, found }];
}

export const podSecurity: Rule = {
  id: 'pod-security',
  over: 'resource',
  holds: 'Every namespace enforces the restricted pod security level.',
  breaks: LINES.breach,
  check,
};
