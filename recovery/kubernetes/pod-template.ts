/** The pod that an object is or makes, and the claims that a StatefulSet makes. Pure. */
import { fieldsOf, type KubeObject, listOf, textOf } from './objects.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Its `metadata` and `spec`; empty for an object without pods. */
export function podTemplateOf({ kind, metadata, spec, template }: KubeObject): Fields {
  const fields = fieldsOf(spec);
  if (kind === 'Pod') return { metadata, spec: fields };
  if (kind === 'PodTemplate') return fieldsOf(template);
  return fieldsOf(fields.template ?? fieldsOf(fieldsOf(fields.jobTemplate).spec).template);
}

/** `data` of each claim template. */
function claimTemplates({ spec }: KubeObject): string[] {
  return listOf(fieldsOf(spec).volumeClaimTemplates).map((each) => textOf(fieldsOf(fieldsOf(each).metadata).name));
}

/** Whether the StatefulSet makes claims of this template: `data`. */
export const hasClaimTemplate = (set: KubeObject, name: unknown): boolean =>
  typeof name === 'string' && claimTemplates(set).includes(name);

/** What the names of its claims begin with; a number follows: `data-orders-`. */
export function claimPrefixes(set: KubeObject): string[] {
  return claimTemplates(set).map((name) => `${name}-${set.metadata.name}-`);
}

/** `data-orders-0` by `data-orders-`. */
export function isNumbered(claim: string, prefix: string): boolean {
  return claim.startsWith(prefix) && /^\d+$/.test(claim.slice(prefix.length));
}
