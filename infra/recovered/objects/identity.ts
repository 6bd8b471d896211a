/** The identity of an object in the cluster. Pure. */
import { type KubeObject, kindOf } from '../../../recovery/public.ts';

/** `Deployment.apps/go-coffee/api`, `ClusterRole.rbac.authorization.k8s.io/reader`: also the name of its Pulumi resource. */
export function identityOf(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  return [kindOf(object), ...(namespace === undefined ? [] : [namespace]), name].join('/');
}

const LISTED = 6;

/** For notes: the first six in alphabetical order, and the number of the others. */
export function listed(names: readonly string[]): string {
  const sorted = names.toSorted();
  const more = sorted.length - LISTED;
  return `${sorted.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
