/** Which objects of a namespace are neither the stack's nor made for them: somebody else's work. Pure. */
import { fieldsOf, type KubeObject, kindOf, listOf } from '../../kubernetes/objects.ts';

/** Kinds that controllers make, for whatever is in the namespace. */
const MADE_BY_CONTROLLERS = [
  'ControllerRevision.apps',
  'EndpointSlice.discovery.k8s.io',
  'Endpoints',
  'Event',
  'Event.events.k8s.io',
  'Lease.coordination.k8s.io',
];

/** `data-postgres-` of the claims that a StatefulSet makes. They have no owner, so that they outlive it. */
function claimsOf({ metadata, spec }: KubeObject): string[] {
  const templates = listOf(fieldsOf(spec).volumeClaimTemplates).map((each) => fieldsOf(fieldsOf(each).metadata).name);
  return templates.map((template) => `${String(template)}-${metadata.name}-`);
}

const NAMED_BY: readonly string[] = [
  // cert-manager and the token controller name what they make a Secret for.
  'cert-manager.io/certificate-name',
  'kubernetes.io/service-account.name',
];

interface Namespaced {
  /** The namespace's objects. */
  readonly inside: readonly KubeObject[];
  /** Kind and name of what each namespace gets by itself. */
  readonly everywhere: ReadonlySet<string>;
  /** The stack's own. */
  readonly isHeld: (object: KubeObject) => boolean;
}

/** What the cluster itself puts into each namespace. */
const OF_THE_CLUSTER = ['ConfigMap kube-root-ca.crt', 'ServiceAccount default'];

/** Controllers put the same into each namespace: authorities, policies, accounts. */
export function everywhereOf(all: readonly KubeObject[]): Set<string> {
  const namespaces = new Set(
    all.flatMap(({ kind, metadata: { name } }) => (kind === 'Namespace' && !name.startsWith('kube-') ? [name] : [])),
  );
  const counts = new Map<string, number>();
  for (const object of all) {
    if (!namespaces.has(object.metadata.namespace ?? '')) continue;
    counts.set(keyOf(object), (counts.get(keyOf(object)) ?? 0) + 1);
  }
  const common = [...counts].flatMap(([key, count]) => (count === namespaces.size && count > 2 ? [key] : []));
  return new Set([...OF_THE_CLUSTER, ...common]);
}

const keyOf = (object: KubeObject): string => `${kindOf(object)} ${object.metadata.name}`;

/** Whether the chain of its owners leads to one of these. @param byUid all objects */
export function isOwnedBy(
  isHeld: (object: KubeObject) => boolean,
  byUid: ReadonlyMap<string | undefined, KubeObject>,
  object: KubeObject,
): boolean {
  const seen = new Set<KubeObject>();
  const leads = (each: KubeObject): boolean => {
    if (isHeld(each)) return true;
    if (seen.has(each)) return false;
    seen.add(each);
    return (each.metadata.ownerReferences ?? []).some(({ uid }) => {
      const owner = byUid.get(uid);
      return owner !== undefined && leads(owner);
    });
  };
  return leads(object);
}

/** Objects that the stack did not make, nor anything of what it made. */
export function outsideOf({ inside, everywhere, isHeld }: Namespaced): KubeObject[] {
  const byUid = new Map(inside.map((object) => [object.metadata.uid, object]));
  const isExplained = (object: KubeObject): boolean =>
    isHeld(object) ||
    MADE_BY_CONTROLLERS.includes(kindOf(object)) ||
    everywhere.has(keyOf(object)) ||
    NAMED_BY.some((key) => object.metadata.annotations?.[key] !== undefined);
  const explained = (object: KubeObject) => isOwnedBy(isExplained, byUid, object);
  const claims = inside.filter((each) => each.kind === 'StatefulSet' && explained(each)).flatMap(claimsOf);
  const isClaim = ({ kind, metadata }: KubeObject) =>
    kind === 'PersistentVolumeClaim' && claims.includes(metadata.name.replace(/\d+$/, ''));
  return inside.filter((object) => !explained(object) && !isClaim(object));
}
