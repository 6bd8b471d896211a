/** What a fence leaves on the objects that it stops, and how they were before: a copy that is taken meanwhile must hold that. */
import { ISOLATION, POLICY_BEFORE, specBefore } from './isolation/marks.ts';
import { fieldsOf, type KubeObject, kindOf } from './objects.ts';

/** Replicas before a fence scaled the workload to zero. */
export const BEFORE = 'go-coffee-dr/replicas-before-fence';
/** On a CronJob that a fence suspended. */
export const SUSPENDED = 'go-coffee-dr/suspended-by-fence';
/** The quota by which no pod starts in a stopped namespace. */
export const FENCE_QUOTA = 'dr-fence';

/** What an isolation makes counts too. */
export const isFence = (object: KubeObject): boolean => {
  const { name } = object.metadata;
  const kind = kindOf(object);
  if (kind === 'ResourceQuota') return name === FENCE_QUOTA || name === ISOLATION;
  return kind === 'NetworkPolicy.networking.k8s.io' && name === ISOLATION;
};

/** A policy that an isolation closed, with what it allowed before. */
function beforeIsolation(object: KubeObject): KubeObject {
  const { [POLICY_BEFORE]: policy, ...annotations } = object.metadata.annotations ?? {};
  const spec = specBefore(policy);
  return spec === undefined ? object : { ...object, metadata: { ...object.metadata, annotations }, spec };
}

/** The object as it was before the fence or the isolation; any other as it is. Pure. */
export function beforeFence(found: KubeObject): KubeObject {
  const object = beforeIsolation(found);
  const { [BEFORE]: replicas, [SUSPENDED]: suspended, ...annotations } = object.metadata.annotations ?? {};
  if (replicas === undefined && suspended === undefined) return object;
  const { suspend, ...spec } = fieldsOf(object.spec);
  const number = replicas !== undefined && /^\d+$/.test(replicas) ? { replicas: Number(replicas) } : {};
  const still = suspended === undefined && suspend !== undefined ? { suspend } : {};
  return { ...object, metadata: { ...object.metadata, annotations }, spec: { ...spec, ...still, ...number } };
}
