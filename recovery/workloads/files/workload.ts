/** A folder of the environment file. */

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import type { Site } from '../../config/site.ts';
import { ifAbsent } from '../../core/absent.ts';
import { badInput } from '../../core/errors.ts';
import { nothing } from '../capture.ts';
import { folderType } from '../folder.ts';
import type { SeedVolume, Staged, WorkloadType } from '../workload.ts';
import { folderChecks } from './checks.ts';
import { documentProblems, inspectFolder } from './inspect.ts';
import { FOLDER_NAMES, folderVolume } from './volume.ts';

/** The folder itself: restic reads it in place. Throws `FOLDER-MISSING` (exit 2). */
export async function captureFolder(site: Site, workload: Workload): Promise<Staged> {
  const path = folderOf(site, workload);
  const found = await stat(path).catch(ifAbsent(undefined));
  if (!found?.isDirectory()) {
    throw badInput({
      code: 'FOLDER-MISSING',
      where: `folders.${workload.id}`,
      fact: `${path} is not a folder`,
      hint: 'if it was lost, `dr assess` says how to get it back; an empty copy would only hide that',
    });
  }
  return { path, facts: {}, exclude: Object.values(FOLDER_NAMES).map((name) => join(path, name)), remove: nothing };
}

/** Throws `WORKLOAD-UNCONFIGURED` (exit 2). */
export function folderOf({ environment }: Site, { id }: Workload): string {
  const path = environment.folders[id]?.path;
  if (path !== undefined) return path;
  throw badInput({
    code: 'WORKLOAD-UNCONFIGURED',
    where: id,
    fact: 'the environment file does not say where its folder is',
    hint: `add folders.${id} to the environment file, or choose other workloads with --only`,
  });
}

function volume(site: Site, workload: Workload, into: string | undefined): SeedVolume {
  const folder = into === undefined ? site.environment.folders[workload.id]?.path : resolve(into);
  if (folder !== undefined) return folderVolume(folder, `folders.${workload.id} of the environment file, or --into`);
  throw badInput({
    code: 'WORKLOAD-UNCONFIGURED',
    where: workload.id,
    fact: 'the environment file does not say where its folder is',
    hint: `add folders.${workload.id}, or name the folder with --into`,
  });
}

export const files: WorkloadType = {
  ...folderType(folderChecks),
  capture: captureFolder,
  destination: folderOf,
  volume,
  async inspect({ environment }, workload, before) {
    const path = environment.folders[workload.id]?.path;
    return path === undefined ? [] : [await inspectFolder({ workload, path, before }, documentProblems)];
  },
};
