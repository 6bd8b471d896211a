/** Where each workload goes, and what is there now. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../plan/types.ts';
import { mirrorsFolder } from '../backup/git-mirrors.ts';
import { postgresSettings, redisSettings } from '../config/environment.ts';
import { isFromCluster } from '../config/selection.ts';
import type { Site } from '../config/site.ts';
import { postmasterPid } from '../engines/postgres/server.ts';
import { redisAnswers } from '../engines/redis/server.ts';
import type { DestinationState } from './plan-types.ts';

/** Absolute path that the workload is restored to. */
export function destinationOf(site: Site, workload: Workload): string {
  const { environment } = site;
  switch (workload.type) {
    case 'postgres':
      return postgresSettings(environment).dataDir;
    case 'redis':
      return redisSettings(environment).dataDir;
    case 'git':
      return mirrorsFolder(site);
    case 'postgres-dump':
    case 'postgres-config':
      return join(environment.stateDir, 'restored', workload.id);
    default:
      // Objects are laid down to be looked at, or applied; a restore changes no cluster.
      if (isFromCluster(environment, workload)) return join(environment.stateDir, 'restored', workload.id);
      return environment.folders[workload.id]?.path ?? '';
  }
}

async function folderState(path: string): Promise<DestinationState> {
  try {
    return (await readdir(path)).length > 0 ? 'occupied' : 'empty';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR' ? 'occupied' : 'absent';
  }
}

export async function destinationState(site: Site, workload: Workload): Promise<DestinationState> {
  if (workload.type === 'postgres' && (await postmasterPid(postgresSettings(site.environment))) !== undefined)
    return 'alive';
  if (workload.type === 'redis' && (await redisAnswers(site, redisSettings(site.environment)))) return 'alive';
  return folderState(destinationOf(site, workload));
}
