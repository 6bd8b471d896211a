/** Labels by which network policies, budgets and services find pods. */
import { OWN_LABEL, STANZA } from '../../plan/layout.ts';

/** What a pod may reach. Each is one opening of `openings.ts`; a pod without any may not even ask for a name. */
export const EGRESS_TARGETS = [
  'dns',
  'kubernetes-api',
  'object-storage',
  'postgres',
  'pgbackrest',
  'redis',
  'alerting',
] as const;
export type EgressTarget = (typeof EGRESS_TARGETS)[number];

export function egressLabel(reach: EgressTarget): string {
  return `reach.${STANZA}/${reach}`;
}

/** On the namespaces of a drill's platform (F37): whoever sees one knows that nothing in it is for real. */
export const ISOLATED_LABEL = 'go-coffee-dr/isolated';

/** Labels of a pod, or of any object of that part: what it is, and what it may reach. */
export function labelsOf(name: string, reaches: readonly EgressTarget[] = []): Record<string, string> {
  return {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/part-of': STANZA,
    [OWN_LABEL]: 'stack',
    ...Object.fromEntries(reaches.map((reach) => [egressLabel(reach), 'allowed'])),
  };
}

export function selectorOf(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name };
}
