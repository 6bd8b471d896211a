/**
 * The volumes of the recovery namespace that many pods mount: the local repository and the jobs' state. Pure.
 *
 * ReadWriteOnce means one node, not one pod. So with such volumes all pods that mount them run on one node: each has the same label and
 * wants a node where pods with this label run. The scheduler lets the first one go wherever its volumes can be attached, because a pod
 * that matches its own rule may begin: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ . The server of the local
 * repository is not a better anchor: moved alone, it would wait for a volume that the other pods hold on the old node.
 */
import type { PodSpec } from './manifests.ts';

export type VolumeAccess = 'ReadWriteOnce' | 'ReadWriteMany';

const TOGETHER = { 'go-coffee-dr/volumes': 'shared' } as const;

/** Labels of a pod that mounts these volumes. */
export function sharedVolumeLabels(access: VolumeAccess): Readonly<Record<string, string>> {
  return access === 'ReadWriteOnce' ? TOGETHER : {};
}

/** The rule counts pods of the pod's own namespace only. */
export function sharedVolumeAffinity(access: VolumeAccess): Pick<PodSpec, 'affinity'> {
  if (access === 'ReadWriteMany') return {};
  const term = { labelSelector: { matchLabels: { ...TOGETHER } }, topologyKey: 'kubernetes.io/hostname' };
  return { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
}
