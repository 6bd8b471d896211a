/**
 * The services of a standby: everything that they need is declared, but nothing runs, calls out or can be called. The promotion declares
 * the same objects as they are in the snapshot, so each is updated in place.
 */
import { fieldsOf, groupOf, isRoute, type KubeObject, kindOf } from '../../../recovery/public.ts';
import { identityOf, listed } from '../objects/identity.ts';
import type { Change } from '../objects/types.ts';
import { isOpenService } from './isolate-objects.ts';

/** Kinds that a standby declares before its promotion. It excludes all other kinds, so an unforeseen kind does no harm. */
const LAID: readonly string[] = [
  'ClusterRole.rbac.authorization.k8s.io',
  'ClusterRoleBinding.rbac.authorization.k8s.io',
  'ConfigMap',
  'CronJob.batch',
  'CustomResourceDefinition.apiextensions.k8s.io',
  'Deployment.apps',
  // An autoscaler does nothing for a workload with zero replicas.
  'HorizontalPodAutoscaler.autoscaling',
  'IngressClass.networking.k8s.io',
  'LimitRange',
  'Namespace',
  'NetworkPolicy.networking.k8s.io',
  'PersistentVolumeClaim',
  'PodDisruptionBudget.policy',
  'PodTemplate',
  'PriorityClass.scheduling.k8s.io',
  'ReplicaSet.apps',
  'ReplicationController',
  'ResourceQuota',
  'Role.rbac.authorization.k8s.io',
  'RoleBinding.rbac.authorization.k8s.io',
  'RuntimeClass.node.k8s.io',
  'Secret',
  'Service',
  'ServiceAccount',
  'StatefulSet.apps',
  'StorageClass.storage.k8s.io',
  'VolumeAttributesClass.storage.k8s.io',
];

const SCALED = ['Deployment.apps', 'ReplicaSet.apps', 'ReplicationController', 'StatefulSet.apps'];
const CRON_JOB = 'CronJob.batch';
const RUNNING = ['DaemonSet.apps', 'Job.batch', 'Pod'];
const LEADING = ['Endpoints', 'EndpointSlice.discovery.k8s.io'];
const ADMISSION = 'admissionregistration.k8s.io';
const GATEWAY = 'gateway.networking.k8s.io';

const WHYS = {
  runs: 'it would run',
  leads: 'it leads users there',
  admission: 'it decides on every creation',
  operated: 'controllers elsewhere in the cluster act on it',
} as const;
type Why = keyof typeof WHYS;

function whyNot(object: KubeObject): Why | undefined {
  const kind = kindOf(object);
  const group = groupOf(object);
  if (RUNNING.includes(kind)) return 'runs';
  if (LEADING.includes(kind) || isRoute(object) || group === GATEWAY || (kind === 'Service' && isOpenService(object)))
    return 'leads';
  if (group === ADMISSION) return 'admission';
  return LAID.includes(kind) ? undefined : 'operated';
}

/** An operator may hold data for it, so scaling the services to zero again must not delete it. */
export const isOperated = (object: KubeObject): boolean => whyNot(object) === 'operated';

/** The object without pods. */
function still(object: KubeObject): KubeObject {
  const kind = kindOf(object);
  const change = SCALED.includes(kind) ? { replicas: 0 } : kind === CRON_JOB ? { suspend: true } : undefined;
  return change === undefined ? object : { ...object, spec: { ...fieldsOf(object.spec), ...change } };
}

export const scaleToZero: Change = (objects) => {
  const laid = objects.filter((object) => whyNot(object) === undefined);
  const notes = (Object.keys(WHYS) as Why[]).flatMap((why) => {
    const names = objects.filter((object) => whyNot(object) === why).map(identityOf);
    return names.length === 0 ? [] : [`excluded until the promotion, ${WHYS[why]}: ${listed(names)}`];
  });
  return { objects: laid.map(still), notes };
};
