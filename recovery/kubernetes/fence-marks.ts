/** What a fence leaves on the objects that it stops, and how they were before: a copy that is taken meanwhile must hold that. */
import { fieldsOf, type KubeObject, kindOf } from './objects.ts';

/** Replicas before a fence scaled the workload to zero. */
export const BEFORE = 'go-coffee-dr/replicas-before-fence';
/** On a CronJob that a fence suspended. */
export const SUSPENDED = 'go-coffee-dr/suspended-by-fence';
/** The quota by which no pod starts in a stopped namespace. */
export const FENCE_QUOTA = 'dr-fence';

export const isFence = (object: KubeObject): boolean =>
  kindOf(object) === 'ResourceQuota' && object.metadata.name === FENCE_QUOTA;

/** The object as it was before the fence; any other as it is. Pure. */
export function beforeFence(object: KubeObject): KubeObject {
  const { [BEFORE]: replicas, [SUSPENDED]: suspended, ...annotations } = object.metadata.annotations ?? {};
  if (replicas === undefined && suspended === undefined) return object;
  const { suspend, ...spec } = fieldsOf(object.spec);
  const number = replicas !== undefined && /^\d+$/.test(replicas) ? { replicas: Number(replicas) } : {};
  const still = suspended === undefined && suspend !== undefined ? { suspend } : {};
  return { ...object, metadata: { ...object.metadata, annotations }, spec: { ...spec, ...still, ...number } };
}
