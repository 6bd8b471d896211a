/** Labels by which network policies, budgets and services find pods. */
import { OWN_LABEL, STANZA } from '../../plan/layout.ts';

/** Egress targets of pods. `network-policies.ts` has a policy for each; a pod without any can't even resolve a name. */
export const EGRESS_TARGETS = [
  'dns',
  'kubernetes-api',
  'object-storage',
  'postgres',
  'pgbackrest',
  'redis',
  'alerting',
  'git',
] as const;
export type EgressTarget = (typeof EGRESS_TARGETS)[number];

export function egressLabel(target: EgressTarget): string {
  return `reach.${STANZA}/${target}`;
}

/** Marks the namespaces of a drill's platform. */
export const ISOLATED_LABEL = 'go-coffee-dr/isolated';

/** Labels of a pod, or of any object of that part, with its egress targets. */
export function labelsOf(name: string, egress: readonly EgressTarget[] = []): Record<string, string> {
  return {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/part-of': STANZA,
    [OWN_LABEL]: 'stack',
    ...Object.fromEntries(egress.map((target) => [egressLabel(target), 'allowed'])),
  };
}

/** Of our pods alone: a platform may have a `postgres` or a `redis` of its own in the same namespace. */
export function selectorOf(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name, [OWN_LABEL]: 'stack' };
}

/** Of a Deployment or a StatefulSet, which knows its pods by their owner. It can't be changed without deleting the workload. */
export function controllerSelector(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name };
}
