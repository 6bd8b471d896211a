/** What is known by a name: operators by the group of their API, plug-ins of the network, drivers of shared volumes. */
import { operatorOfGroup } from '../../workloads/objects/operators.ts';

/** Those that a capture has to know stand in `workloads/objects/operators.ts`; these are only named. */
const OTHERS: Readonly<Record<string, string>> = {
  'stackgres.io': 'StackGres',
  'monitoring.coreos.com': 'Prometheus Operator',
  'snapshot.storage.k8s.io': 'CSI snapshots',
  'external-secrets.io': 'External Secrets',
  'bitnami.com': 'Sealed Secrets',
  'argoproj.io': 'Argo',
  'rabbitmq.com': 'RabbitMQ Operator',
  'keda.sh': 'KEDA',
  'velero.io': 'Velero',
  'traefik.io': 'Traefik',
  'networking.istio.io': 'Istio',
  'gateway.networking.k8s.io': 'Gateway API',
};

const OF_KUBERNETES = /^[a-z]+$|(^|\.)k8s\.io$/;

/** Undefined for a group of Kubernetes itself. A group that nobody here knows has its own name. */
export function operatorOf(group: string): string | undefined {
  return operatorOfGroup(group) ?? OTHERS[group] ?? (group === '' || OF_KUBERNETES.test(group) ? undefined : group);
}

const NETWORK_GROUPS: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)cilium\.io$/, 'Cilium'],
  [/(^|\.)projectcalico\.org$/, 'Calico'],
  [/(^|\.)antrea\.io$/, 'Antrea'],
  [/(^|\.)ovn\.org$/, 'OVN-Kubernetes'],
];

const NETWORK_DAEMONS: readonly (readonly [RegExp, string])[] = [
  [/^cilium$/, 'Cilium'],
  [/^(calico-node|canal)$/, 'Calico'],
  [/^antrea-agent$/, 'Antrea'],
  [/^aws-node$/, 'Amazon VPC CNI'],
  [/^azure-cn[is]/, 'Azure CNI'],
  [/^kube-flannel/, 'Flannel, which ignores network policies'],
  [/^kube-router$/, 'kube-router'],
  [/^kindnet$/, 'kindnet'],
  [/^weave-net$/, 'Weave Net'],
];

function named(known: readonly (readonly [RegExp, string])[], name: string): string | undefined {
  return known.find(([pattern]) => pattern.test(name))?.[1];
}

/** By the DaemonSets that run it, else by the groups of its API. */
export function networkOf(daemons: readonly string[], groups: readonly string[]) {
  for (const daemon of daemons) {
    const name = named(NETWORK_DAEMONS, daemon.split('/').at(-1) ?? '');
    if (name !== undefined) return { name, by: `DaemonSet ${daemon}` };
  }
  for (const group of groups) {
    const name = named(NETWORK_GROUPS, group);
    if (name !== undefined) return { name, by: `API group ${group}` };
  }
  return undefined;
}

/** Drivers of file systems on a network. */
const SHARED_DRIVERS =
  /nfs|cephfs|efs\.csi\.aws|file\.csi\.azure|azure-file|filestore|glusterfs|smb\.csi|driver\.longhorn|juicefs|beegfs/;

export const isSharedDriver = (provisioner: string): boolean => SHARED_DRIVERS.test(provisioner);

/** Cluster-scoped kinds that objects of a platform refer to by name. */
export const REFERRED_KINDS = ['clusterissuers.cert-manager.io', 'clustersecretstores.external-secrets.io'];

/** Namespaces of the cluster itself. */
export const isOfTheCluster = (namespace: string): boolean => /^kube-|^default$/.test(namespace);
