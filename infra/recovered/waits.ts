/** What the engine is told about waiting for an object, and about keeping it. Pure. */
import { fieldsOf, type KubeObject, kindOf } from '../../recovery/public.ts';
import { isOperated } from './change/scale-to-zero.ts';

/** Instructions of another program, if that platform was declared by one. */
const ENGINE = 'pulumi.com/';

/**
 * These are not ready by themselves: a claim is bound with its first pod, a Service and an Ingress wait for pods of a later step, a balancer
 * for a cloud, and a Job runs as long as it runs.
 */
const NOT_BY_THEMSELVES = ['PersistentVolumeClaim', 'Service', 'Ingress.networking.k8s.io', 'Job.batch'];

/** Nobody would ever see a pod of it. */
function isAsleep({ spec }: KubeObject): boolean {
  const { paused, replicas } = fieldsOf(spec);
  return paused === true || replicas === 0;
}

function instructions(object: KubeObject, asleep: boolean): Readonly<Record<string, string>> {
  const kind = kindOf(object);
  // Of its replicas an autoscaler may have had the last word.
  if (asleep && isAsleep(object)) return { [`${ENGINE}skipAwait`]: 'true', [`${ENGINE}patchForce`]: 'true' };
  // Without it the engine goes on as soon as the definition is there, and its instances find no such kind.
  if (kind === 'CustomResourceDefinition.apiextensions.k8s.io')
    return { [`${ENGINE}waitFor`]: 'condition=Established' };
  return NOT_BY_THEMSELVES.includes(kind) || isAsleep(object) ? { [`${ENGINE}skipAwait`]: 'true' } : {};
}

/**
 * An empty map is left out: the API drops it, and each run would find it missing.
 * @param asleep whether the stack itself has put it to sleep @default false
 */
export function withInstructions(object: KubeObject, asleep = false): KubeObject {
  const { annotations = {}, ...metadata } = object.metadata;
  const kept = Object.entries(annotations).filter(([key]) => !key.startsWith(ENGINE));
  const all = { ...Object.fromEntries(kept), ...instructions(object, asleep) };
  return { ...object, metadata: { ...metadata, ...(Object.keys(all).length === 0 ? {} : { annotations: all }) } };
}

export interface Keeping {
  /** Its deletion would take data along. */
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** It may be there already, and then it is this one: other stacks of the cluster need it too, or the cluster makes it by itself. */
  readonly shared: boolean;
}

/**
 * @param isolated a drill's goes with everything in it
 * @param sleeps whether it may be put to sleep again
 */
export function keepingOf(object: KubeObject, isolated: boolean, sleeps: boolean): Keeping {
  const stays = object.metadata.namespace === undefined || (sleeps && isOperated(object));
  const holdsData = !isolated && ['PersistentVolumeClaim', 'Namespace'].includes(kindOf(object));
  const isDefault = kindOf(object) === 'ServiceAccount' && object.metadata.name === 'default';
  return { protect: holdsData, retainOnDelete: holdsData || stays, shared: stays || isDefault };
}
