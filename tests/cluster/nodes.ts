/** The one node, as a place where no new pod comes. */
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import type { Api } from './api.ts';
import { NODE } from './place.ts';

async function schedulable(api: Api, is: boolean): Promise<void> {
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  await api.core.patchNode({ name: NODE, body: { spec: { unschedulable: !is } } }, merge);
}

export const cordon = (api: Api): Promise<void> => schedulable(api, false);
export const uncordon = (api: Api): Promise<void> => schedulable(api, true);
