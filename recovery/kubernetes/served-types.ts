/** Kinds that every Kubernetes serves in these versions: they need no discovery. */
import type { ResourceType } from './objects.ts';

function type(group: string, kind: string, plural: string, namespaced = true): ResourceType {
  return { group, version: 'v1', kind, plural, namespaced, otherVersions: [] };
}

export const SERVED = {
  namespace: type('', 'Namespace', 'namespaces', false),
  node: type('', 'Node', 'nodes', false),
  pod: type('', 'Pod', 'pods'),
  event: type('', 'Event', 'events'),
  service: type('', 'Service', 'services'),
  secret: type('', 'Secret', 'secrets'),
  configMap: type('', 'ConfigMap', 'configmaps'),
  claim: type('', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  deployment: type('apps', 'Deployment', 'deployments'),
  replicaSet: type('apps', 'ReplicaSet', 'replicasets'),
  statefulSet: type('apps', 'StatefulSet', 'statefulsets'),
  daemonSet: type('apps', 'DaemonSet', 'daemonsets'),
  job: type('batch', 'Job', 'jobs'),
  cronJob: type('batch', 'CronJob', 'cronjobs'),
  networkPolicy: type('networking.k8s.io', 'NetworkPolicy', 'networkpolicies'),
  storageClass: type('storage.k8s.io', 'StorageClass', 'storageclasses', false),
} as const satisfies Readonly<Record<string, ResourceType>>;
