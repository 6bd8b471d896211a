/** How full the disks are that a backup fills: state, folders of repositories, and the database's own, where WAL waits. */
import { statfs } from 'node:fs/promises';
import { isElsewhere } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { usedPart } from '../health/disks.ts';
import type { Observation } from './observation.ts';

/**
 * A place that is not there is left out: that a repository is away is told by its own metric. So is the disk of a database on
 * another host, which SQL does not tell; how much WAL waits there is told by its own metric too.
 */
export async function observeVolumes(site: Site): Promise<Observation['volumes']> {
  const { environment } = site;
  const { postgres } = environment;
  const places: (readonly [string, string])[] = [
    ['state', environment.stateDir],
    ...(postgres === undefined || isElsewhere(postgres) ? [] : [['postgres', postgres.dataDir] as const]),
    ...[...site.repositories.values()].flatMap(({ id, settings }) =>
      settings.type === 'posix' ? [[id, settings.path] as const] : [],
    ),
  ];
  const found = await Promise.all(
    places.map(async ([volume, path]) => {
      const stats = await statfs(path).catch(() => undefined);
      if (stats === undefined) return [];
      return [{ volume, usedRatio: usedPart(stats.blocks, stats.bfree, stats.bavail) }];
    }),
  );
  return found.flat();
}
