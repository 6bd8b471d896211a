/** Objects that are read and not captured, with the reason: the controllers that made them make them again. */
import { isFence } from '../../kubernetes/fence-marks.ts';
import {
  fieldsOf,
  groupOf,
  type KubeObject,
  kindName,
  listOf,
  nameOf,
  type OwnerReference,
  type ReadObject,
  type ResourceType,
} from '../../kubernetes/objects.ts';

export const REASONS = {
  'being-deleted': 'it has a deletion timestamp: a copy of it would never go',
  generated: 'its owner, which is captured, makes it again',
  finished: 'it ran to its end, and would run again',
  'made-by-the-cluster': 'every cluster makes its own',
  'built-in': 'it comes with Kubernetes',
  fence: 'a failover stops the namespace with it for a while',
  token: 'a token of the lost cluster opens nothing',
  'leader-election': 'who leads is a matter of the living',
} as const;
export type Reason = keyof typeof REASONS;

/** Never even read: states of a running cluster. Kinds that can't be created (metrics, reviews) are not offered at all. */
const TRANSIENT = new Set([
  'Event',
  'Event.events.k8s.io',
  'Lease.coordination.k8s.io',
  'LeaseCandidate.coordination.k8s.io',
  'ControllerRevision.apps',
  'CSIStorageCapacity.storage.k8s.io',
  'PodMetrics.metrics.k8s.io',
]);

export function isTransient(type: ResourceType): boolean {
  return TRANSIENT.has(kindName(type));
}

/** What these hold is nowhere else, even where a controller once made it: certificates, passwords, data. */
const HOLD_CONTENT = new Set(['Secret', 'ConfigMap', 'PersistentVolumeClaim']);

/**
 * Its claims come and go with it: a pod’s own volumes, and those on which CloudNativePG notes that they hold a database. An empty one with
 * that note would never become an instance.
 */
function makesItsClaims({ kind, apiVersion = '' }: OwnerReference): boolean {
  return (kind === 'Pod' && apiVersion === 'v1') || (kind === 'Cluster' && groupOf({ apiVersion }) === CLOUD_NATIVE_PG);
}
const CLOUD_NATIVE_PG = 'postgresql.cnpg.io';

const CLUSTER_CONFIG_MAPS = ['kube-root-ca.crt', 'openshift-service-ca.crt'];
const LEADER = 'control-plane.alpha.kubernetes.io/leader';

/** Patroni keeps its cluster in annotations; with `initialize` there a new one would wait for a leader that is gone. */
function isPatroniState({ metadata, data, binaryData }: KubeObject): boolean {
  if (data !== undefined || binaryData !== undefined) return false;
  const names = Object.keys(metadata.annotations ?? {});
  const has = (...all: string[]) => all.every((name) => names.includes(name));
  return has('initialize') || has('leader', 'ttl') || has('sync_standby') || (has('config') && has('history'));
}

function isElection(object: KubeObject): boolean {
  if (object.kind !== 'Endpoints' && object.kind !== 'ConfigMap') return false;
  return object.metadata.annotations?.[LEADER] !== undefined || isPatroniState(object);
}

function isFinished({ kind, status }: KubeObject): boolean {
  const { phase, completionTime, conditions } = fieldsOf(status);
  if (kind === 'Pod') return phase === 'Succeeded' || phase === 'Failed';
  const ended = listOf(conditions).some((condition) => {
    const { type, status: state } = fieldsOf(condition);
    return (type === 'Complete' || type === 'Failed') && state === 'True';
  });
  return kind === 'Job' && (completionTime !== undefined || ended);
}

/** The account that every namespace has, as every namespace has it. */
function isPlainDefaultAccount({
  kind,
  metadata,
  imagePullSecrets,
  automountServiceAccountToken,
}: KubeObject): boolean {
  const plain = imagePullSecrets === undefined && automountServiceAccountToken === undefined;
  return kind === 'ServiceAccount' && metadata.name === 'default' && plain && !metadata.annotations && !metadata.labels;
}

function isBuiltIn({ kind, metadata }: KubeObject): boolean {
  if (kind === 'PriorityClass') return metadata.name.startsWith('system-');
  return metadata.labels?.['kubernetes.io/bootstrapping'] === 'rbac-defaults';
}

function isToken({ kind, type }: KubeObject): boolean {
  return (
    kind === 'Secret' && (type === 'kubernetes.io/service-account-token' || type === 'bootstrap.kubernetes.io/token')
  );
}

const SLICE_MAKERS = /^endpointslice(mirroring)?-controller\.k8s\.io$/;

/** Addresses of pods. Endpoints that somebody wrote for a service without a selector are kept. */
function isDerivedEndpoints(object: KubeObject, selecting: ReadonlySet<string>): boolean {
  const { name, namespace, labels } = object.metadata;
  if (object.kind === 'Endpoints') return selecting.has(`${namespace}/${name}`);
  return object.kind === 'EndpointSlice' && SLICE_MAKERS.test(labels?.['endpointslice.kubernetes.io/managed-by'] ?? '');
}

function isMadeByCluster(object: KubeObject, selecting: ReadonlySet<string>): boolean {
  const { kind, metadata } = object;
  if (kind === 'ConfigMap' && CLUSTER_CONFIG_MAPS.includes(metadata.name)) return true;
  // A kubelet's own pod, from a file on its node.
  if (kind === 'Pod' && metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return true;
  return isDerivedEndpoints(object, selecting) || isPlainDefaultAccount(object);
}

/** Services whose endpoints the cluster keeps. */
function selectingServices(read: readonly ReadObject[]): Set<string> {
  const services = read.filter(({ object }) => object.kind === 'Service' && groupOf(object) === '');
  const selecting = services.filter(({ object }) => Object.keys(fieldsOf(fieldsOf(object.spec).selector)).length > 0);
  return new Set(selecting.map(({ object }) => `${object.metadata.namespace}/${object.metadata.name}`));
}

function byItself(object: KubeObject, selecting: ReadonlySet<string>): Reason | undefined {
  if (object.metadata.deletionTimestamp !== undefined) return 'being-deleted';
  if (isFence(object)) return 'fence';
  if (isToken(object)) return 'token';
  if (isElection(object)) return 'leader-election';
  if (isBuiltIn(object)) return 'built-in';
  if (isMadeByCluster(object, selecting)) return 'made-by-the-cluster';
  return isFinished(object) ? 'finished' : undefined;
}

/** A child whose controller was not read is kept: nobody would make it again. */
function isGenerated(object: KubeObject, uids: ReadonlySet<string>): boolean {
  const controller = object.metadata.ownerReferences?.find((owner) => owner.controller === true);
  const isContent = HOLD_CONTENT.has(object.kind) && groupOf(object) === '';
  const ofItsOwner = object.kind === 'PersistentVolumeClaim' && controller !== undefined && makesItsClaims(controller);
  if (isContent && !ofItsOwner) return false;
  return controller !== undefined && uids.has(controller.uid);
}

/** The reason of each excluded object, by its name (`nameOf`). */
export function leftOut(read: readonly ReadObject[]): Map<string, Reason> {
  const selecting = selectingServices(read);
  const uids = new Set(read.flatMap(({ object }) => object.metadata.uid ?? []));
  return new Map(
    read.flatMap(({ object }) => {
      const reason = byItself(object, selecting) ?? (isGenerated(object, uids) ? 'generated' : undefined);
      return reason === undefined ? [] : [[nameOf(object), reason] as const];
    }),
  );
}
