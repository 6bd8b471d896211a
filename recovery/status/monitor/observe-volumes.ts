/** How full the disks are that backups fill: the state folder, folder repositories, and the database's disk, where WAL waits. */
import { statfs } from 'node:fs/promises';
import { isOnOtherHost } from '../../config/environment.ts';
import { attachedRepositories } from '../../config/repositories.ts';
import type { Site } from '../../config/site.ts';
import { ifAbsent } from '../../core/absent.ts';
import { usedPart } from '../health/disks.ts';
import type { Observation } from './observation.ts';

/**
 * Skips a folder that does not exist; an unreachable repository has its own metric. Also skips the disk of a database on another
 * host, because SQL does not report it; the WAL that waits there has its own metric too.
 */
export async function observeVolumes(site: Site): Promise<Observation['volumes']> {
  const { environment } = site;
  const { postgres } = environment;
  const places: (readonly [string, string])[] = [
    ['state', environment.stateDir],
    ...(postgres === undefined || isOnOtherHost(postgres) ? [] : [['postgres', postgres.dataDir] as const]),
    ...attachedRepositories(site).flatMap(({ id, settings }) =>
      settings.type === 'posix' ? [[id, settings.path] as const] : [],
    ),
  ];
  const found = await Promise.all(
    places.map(async ([volume, path]) => {
      const stats = await statfs(path).catch(ifAbsent(undefined));
      if (stats === undefined) return [];
      return [{ volume, usedRatio: usedPart(stats.blocks, stats.bfree, stats.bavail) }];
    }),
  );
  return found.flat();
}
