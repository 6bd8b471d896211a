/** Does this host's PostgreSQL fit the set, and is what it would replace the same cluster? Asked before anything is touched. */
import { postgresSettings } from '../config/environment.ts';
import type { Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import { dataDirMajor, readControlData, serverMajor } from '../engines/postgres/control-data.ts';
import type { PostgresCapture } from '../points/point.ts';

/** Throws `POSTGRES-VERSION` or `POSTGRES-OTHER-CLUSTER` (exit 2). */
export async function checkServer(site: Site, capture: PostgresCapture): Promise<void> {
  const settings = postgresSettings(site.environment);
  const wanted = Number(capture.serverVersion.split('.')[0]);
  const found = await serverMajor(site, settings);
  if (found !== wanted) {
    throw badInput({
      code: 'POSTGRES-VERSION',
      where: 'postgres',
      fact: `the set ${capture.set} is of PostgreSQL ${wanted}, this host has ${found}`,
      hint: `install PostgreSQL ${wanted}, or restore the logical dump into a running server: --only postgres-dump --into-database NAME`,
    });
  }
  const there = await readControlData(site, settings);
  if (there && there.systemId !== capture.systemId) {
    throw badInput({
      code: 'POSTGRES-OTHER-CLUSTER',
      where: settings.dataDir,
      fact: `holds the cluster ${there.systemId}, and the point is of ${capture.systemId}`,
      hint: 'move that data directory away by hand if it is really to be replaced, or name another one in the environment file',
    });
  }
  const major = await dataDirMajor(settings.dataDir);
  if (major !== undefined && major !== wanted) {
    throw badInput({
      code: 'POSTGRES-VERSION',
      where: settings.dataDir,
      fact: `holds a data directory of PostgreSQL ${major}, the set is of ${wanted}`,
      hint: 'move it away by hand if it is really to be replaced',
    });
  }
}
