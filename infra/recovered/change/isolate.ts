/**
 * Isolates a drill's platform: everything stays in the drill's own namespaces, nothing opens a way in or out of them, nothing runs on a
 * schedule, and no controller of the real cluster acts on any object.
 */
import { fieldsOf, type KubeObject, kindOf, nameOf } from '../../../recovery/public.ts';
import type { Change } from '../objects/types.ts';
import { closeService, isOpenService, isolateMetadata, isolatePods } from './isolate-objects.ts';
import { narrowPolicy } from './isolate-policies.ts';

/**
 * The kinds that a drill declares. All others are excluded, so an unforeseen kind does no harm: routes and endpoints lead outside,
 * cluster-scoped objects belong to the real platform, and operators outside of the drill act on custom resources.
 */
const KEPT: readonly string[] = [
  'ConfigMap',
  'CronJob.batch',
  'DaemonSet.apps',
  'Deployment.apps',
  'HorizontalPodAutoscaler.autoscaling',
  'Job.batch',
  'LimitRange',
  'NetworkPolicy.networking.k8s.io',
  'PersistentVolumeClaim',
  'Pod',
  'PodDisruptionBudget.policy',
  'PodTemplate',
  'ReplicaSet.apps',
  'ReplicationController',
  'ResourceQuota',
  'Role.rbac.authorization.k8s.io',
  'RoleBinding.rbac.authorization.k8s.io',
  'Secret',
  'Service',
  'ServiceAccount',
  'StatefulSet.apps',
];

const isPolicy = (object: KubeObject): boolean => kindOf(object) === 'NetworkPolicy.networking.k8s.io';

/** Why a drill does not declare the object; undefined where it does. */
function exclusionOf(object: KubeObject, namespaces: readonly string[]): string | undefined {
  const { namespace } = object.metadata;
  if (namespace === undefined) return 'it is cluster-scoped and belongs to the real platform';
  if (!namespaces.includes(namespace)) return 'it is in another namespace';
  if (!KEPT.includes(kindOf(object))) return 'controllers outside of the drill act on it';
  if (object.kind === 'Service' && fieldsOf(object.spec).type === 'ExternalName')
    return 'its name leads out of the drill';
  return undefined;
}

function isolated(object: KubeObject): KubeObject {
  const inside = isolatePods(isolateMetadata(object));
  if (inside.kind === 'Service') return closeService(inside);
  return isPolicy(inside) ? narrowPolicy(inside, inside.metadata.namespace ?? '') : inside;
}

const SHOWN = 6;

function listed(objects: readonly KubeObject[]): string {
  const names = objects.map(nameOf);
  return names.length <= SHOWN
    ? names.join(', ')
    : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;
}

function note(what: string, objects: readonly KubeObject[]): string[] {
  return objects.length === 0 ? [] : [`drill: ${what}: ${listed(objects)}`];
}

/** @param namespaces the drill's own; names in the objects are mapped already */
export function isolate(namespaces: readonly string[]): Change {
  return (objects) => {
    const reasons = new Map(objects.map((object) => [object, exclusionOf(object, namespaces)] as const));
    const kept = objects.filter((object) => reasons.get(object) === undefined);
    const whys = [...new Set(reasons.values())].filter((why): why is string => why !== undefined);
    const narrowed = kept.filter(
      (object) => isPolicy(object) && JSON.stringify(isolated(object).spec) !== JSON.stringify(object.spec),
    );
    const notes = [
      ...whys.flatMap((why) =>
        note(
          `excluded, ${why}`,
          objects.filter((object) => reasons.get(object) === why),
        ),
      ),
      ...note(
        'suspended',
        kept.filter(({ kind }) => kind === 'CronJob'),
      ),
      ...note(
        'closed to the outside',
        kept.filter((object) => object.kind === 'Service' && isOpenService(object)),
      ),
      ...note('opens nothing beyond its namespace any more', narrowed),
    ];
    return { objects: kept.map(isolated), notes };
  };
}
