/** What the stack declares itself: the capture of a platform holds that too, and it is not declared a second time. */
import * as pulumi from '@pulumi/pulumi';
import { OWN_LABEL } from '../../../plan/layout.ts';
import { fieldsOf, type KubeObject, kindOf, listOf } from '../../../recovery/public.ts';
import { identityOf } from '../objects/identity.ts';

/** Under this stack's names. */
export type IsOwn = (object: KubeObject) => boolean;

/** `kubernetes:core/v1:Secret` → `v1`, `Secret`. */
function typeOf(token: string): Pick<KubeObject, 'apiVersion' | 'kind'> | undefined {
  const [provider, version, kind] = token.split(':');
  if (provider !== 'kubernetes' || version === undefined || kind === undefined) return undefined;
  return { apiVersion: version.replace(/^core\//, ''), kind };
}

/** `data-postgres-0`: made by a StatefulSet of the stack, with nothing on it that says so. */
function claimsOf({ metadata: { name, namespace }, spec }: KubeObject): RegExp[] {
  return listOf(fieldsOf(spec).volumeClaimTemplates).map((template) => {
    const claim = fieldsOf(fieldsOf(template).metadata).name;
    return new RegExp(`^${namespace}/${claim}-${name}-\\d+$`);
  });
}

/** Call it before anything is declared; it sees what is declared from then on, and answers for what was declared so far. */
export function watchOwn(): IsOwn {
  const identities = new Set<string>();
  const claims: RegExp[] = [];
  pulumi.runtime.registerStackTransformation(({ type, props }) => {
    const of = typeOf(type);
    const metadata = fieldsOf(fieldsOf(props).metadata);
    if (of !== undefined && typeof metadata.name === 'string') {
      const object = { ...fieldsOf(props), ...of, metadata } as KubeObject;
      identities.add(identityOf(object));
      if (of.kind === 'StatefulSet') claims.push(...claimsOf(object));
    }
    return undefined;
  });
  return (object) => {
    const { labels, name, namespace } = object.metadata;
    if (labels?.[OWN_LABEL] !== undefined || identities.has(identityOf(object))) return true;
    return kindOf(object) === 'PersistentVolumeClaim' && claims.some((claim) => claim.test(`${namespace}/${name}`));
  };
}
