/**
 * Folders that hold a workload of the plan. A folder counts where its name is the workload's and it lies in a place that services write to
 * or that a person named; every other place is only listed, for a person to choose from.
 */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import { ifAbsent, isThere, namesIn } from '../../core/absent.ts';
import type { Evidence } from '../found.ts';
import { inTime } from '../found.ts';

/** Where to look, and why. */
export interface Place {
  readonly path: string;
  /** `ReadWritePaths of shop.service`, `mounted (ext4)`, `--look` */
  readonly by: string;
}

export interface FoundFolder {
  /** Id in the plan. */
  readonly workload: string;
  readonly path: string;
  readonly by: string;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isDirectory(), ifAbsent(false));
}

const asId = (name: string): string => name.toLowerCase().replaceAll('_', '-');

/** Throws what the file system throws, and `SETUP-SILENT` where it does not answer. */
async function foldersIn(place: Place): Promise<string[]> {
  const look = async (): Promise<string[]> => {
    if (!(await isFolder(place.path))) return [];
    const below = (await namesIn(place.path)).map((name) => join(place.path, name));
    const folders = await Promise.all(below.map(async (path) => ((await isFolder(path)) ? [path] : [])));
    return [place.path, ...folders.flat()];
  };
  return inTime(look(), place.path);
}

/** A folder `images` is more often one of pictures: only one with OCI layouts is meant. */
async function holdsImages(folder: string): Promise<boolean> {
  const folders = [folder, ...(await namesIn(folder)).map((name) => join(folder, name))];
  return (await Promise.all(folders.map((each) => isThere(join(each, 'oci-layout'))))).some(Boolean);
}

type Wanted = Pick<Workload, 'id' | 'type'>;

export async function findFolders(place: Place, workloads: readonly Wanted[]): Promise<FoundFolder[]> {
  const found = await Promise.all(
    (await foldersIn(place)).map(async (path) => {
      const workload = workloads.find(({ id }) => id === asId(basename(path)));
      if (workload === undefined) return [];
      if (workload.type === 'images' && !(await inTime(holdsImages(path), path))) return [];
      return [{ workload: workload.id, path, by: place.by }];
    }),
  );
  return found.flat();
}

/** Where container engines keep images: in a form of their own, which a copy can't use. */
const IMAGE_STORES: readonly (readonly [string, string])[] = [
  ['/var/lib/docker', 'Docker'],
  ['/var/lib/containers/storage', 'Podman'],
  ['/var/lib/containerd', 'containerd'],
  ['/var/lib/rancher/k3s/agent/containerd', 'k3s'],
];

export async function imageStores(): Promise<Evidence[]> {
  const found = await Promise.all(
    IMAGE_STORES.map(async ([path, what]) => ((await inTime(isFolder(path), path)) ? [{ what, by: path }] : [])),
  );
  return found.flat();
}
