/** Brings a workload's data into a folder that restic can read: a consistent copy, or the folder itself. */
/** Where each workload goes, and what is there now. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../plan/types.ts';
import { type Environment, postgresSettings, redisSettings } from '../config/environment.ts';
import { isFromCluster } from '../config/selection.ts';
import type { Site } from '../config/site.ts';
import { OBJECTS, type ResticCapture } from '../points/point.ts';
import { nothing } from './capture.ts';
import { folderChecks, stageFolder } from './files/workload.ts';
import { mirrorRepositories, mirrorsFolder } from './git/mirrors.ts';
import { localFolder } from './git/restore.ts';
import { gitChecks } from './git/workload.ts';
import { imageChecks } from './images/workload.ts';
import { objectChecks, type ReadObjects, stageObjects } from './objects/workload.ts';
import { stagePostgresConfig } from './postgres/config.ts';
import { stageDump } from './postgres/dump.ts';
import { postmasterPid } from './postgres/server.ts';
import { postgresChecks } from './postgres/verify.ts';
import { postgresNeeds } from './postgres/workload.ts';
import { redisAnswers } from './redis/server.ts';
import { redisChecks, stageRedis } from './redis/workload.ts';
import type { DestinationState, RestoreItem } from './restore-plan.ts';
import { type Check, judged, type RestoreContext } from './restore-step.ts';
import type { DiskNeed, Staged } from './workload.ts';

/** @param readObjects the one reading of the cluster that all of a run's workloads share */
export async function stage(
  site: Site,
  workload: Workload,
  readObjects: ReadObjects,
  signal?: AbortSignal,
): Promise<Staged> {
  if (isFromCluster(site.environment, workload) && workload.objects !== undefined)
    return stageObjects(site, workload, workload.objects, readObjects);
  switch (workload.type) {
    case 'redis':
      return stageRedis(site, workload, signal);
    case 'postgres-dump':
      return stageDump(site, workload, signal);
    case 'postgres-config':
      return stagePostgresConfig(site, workload);
    case 'git':
      return { ...(await mirrorRepositories(site, signal)), remove: nothing };
    default:
      return stageFolder(site, workload);
  }
}

/** Throws `VERIFICATION-FAILED` (exit 5) with every difference. */
export async function verifyItem(context: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  const checks =
    item.type === 'postgres'
      ? await postgresChecks(context, item)
      : item.type === 'redis'
        ? await redisChecks(context, item)
        : item.type === 'git'
          ? await gitChecks(context, item)
          : item.type === 'images'
            ? await imageChecks(item)
            : (item.capture as ResticCapture).facts[OBJECTS] !== undefined
              ? await objectChecks(item)
              : await folderChecks(context, item);
  return judged(item, checks);
}

/** Files lie beside what they replace until all is verified. */
export async function needsOf(environment: Environment, item: RestoreItem): Promise<DiskNeed[]> {
  const { bytes } = item.capture;
  switch (item.type) {
    case 'postgres':
      return postgresNeeds(item, environment.stateDir);
    case 'redis':
      // Beside it, and then as dump.rdb and as the base of the append-only file.
      return [{ path: item.destination, bytes: 3 * bytes }];
    case 'git': {
      const made = (environment.git?.repositories ?? []).flatMap(({ url }) => localFolder(url) ?? []);
      return [item.destination, ...made].map((path) => ({ path, bytes }));
    }
    default:
      return [{ path: item.destination, bytes }];
  }
}

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
