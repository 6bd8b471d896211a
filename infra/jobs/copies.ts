/** The copies that a stack begins from: folders are filled, dumps are loaded, external servers get back what they are to get back. */
import type * as pulumi from '@pulumi/pulumi';
import { folderOrigins, storeLoads } from '../config/role.ts';
import type { StackConfig } from '../config/types.ts';
import { FolderSeeds } from './folder-seeds.ts';
import type { JobPodArgs } from './job-pod.ts';
import { StoreLoads } from './store-loads.ts';

export interface CopiesArgs {
  readonly config: StackConfig;
  readonly resolved: Parameters<typeof storeLoads>[1];
  readonly pods: JobPodArgs;
  /** Folder workloads with their claims and paths. */
  readonly folders: readonly { readonly id: string; readonly claim: string; readonly path: string }[];
  /** `<site>-<generation>` */
  readonly lineage: string;
}

/** What folders wait for, and what the loading of stores waits for. */
export interface CopiesOptions {
  readonly folders: pulumi.ComponentResourceOptions;
  readonly stores: pulumi.ComponentResourceOptions;
}

/** Returns what services wait for. */
export function declareCopies(
  { config, resolved, pods, folders, lineage }: CopiesArgs,
  options: CopiesOptions,
): { readonly folders: readonly pulumi.Resource[]; readonly stores: readonly pulumi.Resource[] } {
  const { plan, environment, namespaces } = config;
  const common = { plan, namespace: namespaces.recovery, pods };
  const copies = folderOrigins(config, resolved);
  const seeds =
    copies &&
    new FolderSeeds(
      'folder-seeds',
      {
        ...common,
        repository: copies.repository,
        seeds: folders.flatMap(({ id, ...folder }) => {
          const target = copies.targets[id];
          return target === undefined ? [] : [{ ...folder, workload: id, target }];
        }),
        awaited: config.role === 'recovery' || config.standby?.services === true,
      },
      options.folders,
    );
  const wanted = storeLoads(config, resolved);
  const loads =
    resolved &&
    wanted.length > 0 &&
    new StoreLoads(
      'store-loads',
      { ...common, environment, repository: resolved.repository, loads: wanted, lineage },
      options.stores,
    );
  return { folders: seeds?.ready ?? [], stores: loads ? loads.ready : [] };
}
