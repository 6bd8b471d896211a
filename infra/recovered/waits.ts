/** Instructions for the engine: whether it waits for an object, and whether it keeps it. Pure. */
import { fieldsOf, type KubeObject, kindOf } from '../../recovery/public.ts';
import { isOperated } from './change/scale-to-zero.ts';

/** Prefix of the engine's annotations. Those in a snapshot are instructions of another Pulumi program. */
const ENGINE = 'pulumi.com/';

/**
 * Kinds that do not become ready by themselves: a claim is bound with its first pod, a Service and an Ingress need pods of a later step or
 * a load balancer, and a Job may run for any time.
 */
const NOT_BY_THEMSELVES = ['PersistentVolumeClaim', 'Service', 'Ingress.networking.k8s.io', 'Job.batch'];

/** It never gets a pod. */
function hasNoPods({ spec }: KubeObject): boolean {
  const { paused, replicas } = fieldsOf(spec);
  return paused === true || replicas === 0;
}

function instructions(object: KubeObject, services: Services | undefined): Readonly<Record<string, string>> {
  const kind = kindOf(object);
  // An autoscaler may own the field `replicas`.
  if (services === 'scaled-to-zero' && hasNoPods(object))
    return { [`${ENGINE}skipAwait`]: 'true', [`${ENGINE}patchForce`]: 'true' };
  // What it serves can be written from then on.
  if (kind === 'APIService.apiregistration.k8s.io') return { [`${ENGINE}waitFor`]: 'condition=Available' };
  // Without it the engine continues before the kind is established, and its instances are refused.
  if (kind === 'CustomResourceDefinition.apiextensions.k8s.io')
    return { [`${ENGINE}waitFor`]: 'condition=Established' };
  return NOT_BY_THEMSELVES.includes(kind) || hasNoPods(object) ? { [`${ENGINE}skipAwait`]: 'true' } : {};
}

/** Omits an empty map, because the API drops it and each run would find it missing. */
export function withInstructions(object: KubeObject, services?: Services): KubeObject {
  const { annotations = {}, ...metadata } = object.metadata;
  const kept = Object.entries(annotations).filter(([key]) => !key.startsWith(ENGINE));
  const all = { ...Object.fromEntries(kept), ...instructions(object, services) };
  return { ...object, metadata: { ...metadata, ...(Object.keys(all).length === 0 ? {} : { annotations: all }) } };
}

/** The services of a standby, before and after its promotion. */
export type Services = 'scaled-to-zero' | 'active';

export interface KeepingArgs {
  /** A drill's objects are deleted with the drill. */
  readonly isolated: boolean;
  /** Absent for a platform that never was a standby. */
  readonly services?: Services | undefined;
}

export interface Keeping {
  /** Its deletion would delete data. */
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** It may exist already and is then adopted: other stacks need it too, or the cluster made it. */
  readonly shared: boolean;
}

export function keepingOf(object: KubeObject, { isolated, services }: KeepingArgs): Keeping {
  const stays = object.metadata.namespace === undefined || (services !== undefined && isOperated(object));
  const holdsData = !isolated && ['PersistentVolumeClaim', 'Namespace'].includes(kindOf(object));
  const isDefault = kindOf(object) === 'ServiceAccount' && object.metadata.name === 'default';
  return { protect: holdsData, retainOnDelete: holdsData || stays, shared: stays || isDefault };
}
