/** The volume of a folder workload: its files as they were, each checked against its hash. */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OWN_PREFIX } from '../lay-down.ts';
import type { SeedNames, SeedVolume } from '../workload.ts';

export function folderVolume(folder: string, setting: string): SeedVolume {
  return {
    folder,
    names: FOLDER_NAMES,
    setting,
    async make(copy, making, count) {
      // A backup excludes them. A copy that another program has stored may hold them, with the lineage of another generation.
      for (const name of Object.values(FOLDER_NAMES)) await rm(join(copy, name), { recursive: true, force: true });
      await rename(copy, making);
      return count;
    },
  };
}

/** Hidden, because a listing of the folder should show its own files only; a backup excludes them. */
const FOLDER_NAMES: SeedNames = { mark: `${OWN_PREFIX}seed.json`, seeding: `${OWN_PREFIX}seeding` };
