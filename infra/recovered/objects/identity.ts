/** Who an object is in the cluster. Pure. */
import { type KubeObject, kindOf } from '../../../recovery/public.ts';

/** `Deployment.apps/go-coffee/api`, `ClusterRole.rbac.authorization.k8s.io/reader`: as its resource is called in the program. */
export function identityOf(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  return [kindOf(object), ...(namespace === undefined ? [] : [namespace]), name].join('/');
}

const LISTED = 6;

/** For a note: the first of them by name, and how many more there are. */
export function listed(names: readonly string[]): string {
  const sorted = names.toSorted();
  const more = sorted.length - LISTED;
  return `${sorted.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
