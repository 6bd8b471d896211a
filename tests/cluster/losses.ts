/** The one node, as a place where no new pod comes, and where pods die. */
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import type { Api } from './api.ts';
import { killContainers } from './node.ts';
import { NODE, place } from './place.ts';

async function schedulable(api: Api, is: boolean): Promise<void> {
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  await api.core.patchNode({ name: NODE, body: { spec: { unschedulable: !is } } }, merge);
}

export const cordon = (api: Api): Promise<void> => schedulable(api, false);
export const uncordon = (api: Api): Promise<void> => schedulable(api, true);

/** Its processes die at once; then the pod is gone too. */
export async function crash(api: Api, namespace: string, name: string): Promise<void> {
  const { status } = await api.core.readNamespacedPod({ name, namespace });
  // containerd://<id>
  const ids = status?.containerStatuses?.flatMap(({ containerID }) => containerID?.split('//')[1] ?? []) ?? [];
  await killContainers(place(), ids);
  await api.core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 });
}
