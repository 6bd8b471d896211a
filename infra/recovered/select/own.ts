/** The stack's own objects. A manifest snapshot contains them too, and they must not be declared a second time. */
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

/** Claims such as `data-postgres-0`: a StatefulSet of the stack makes them, without any label of the stack. */
function claimsOf({ metadata: { name, namespace }, spec }: KubeObject): RegExp[] {
  return listOf(fieldsOf(spec).volumeClaimTemplates).map((template) => {
    const claim = fieldsOf(fieldsOf(template).metadata).name;
    return new RegExp(`^${namespace}/${claim}-${name}-\\d+$`);
  });
}

/** Records every declaration from now on, so call it first. The result tells whether an object has been declared so far. */
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
