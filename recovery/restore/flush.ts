/** Ships the WAL that a running server has only on its own disk, before the archive is asked how far it reaches. */
import type { Site } from '../config/site.ts';
import { messageOf } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { postgresLife } from '../workloads/postgres/access/alive.ts';
import { untilArchived } from '../workloads/postgres/access/archive-wait.ts';
import { plantCanary } from '../workloads/postgres/canary.ts';
import { withClient } from '../workloads/postgres/server.ts';

/** A server that has WAL to ship. */
export async function runsHere(site: Site): Promise<boolean> {
  const settings = site.environment.postgres;
  return settings !== undefined && (await postgresLife(site, settings)).alive;
}

/** Writes a row into the database. Undefined when it worked or there was nothing to ship; otherwise the reason, for a warning: a damaged server may refuse. */
export async function flushWal(site: Site, progress: Progress): Promise<string | undefined> {
  const settings = site.environment.postgres;
  if (settings === undefined || !(await runsHere(site))) return undefined;
  const event = { step: 'restore/flush', title: 'ship the last WAL of the running server' };
  progress({ ...event, state: 'start' });
  try {
    // PostgreSQL refuses a target that no commit follows; an idle database would then refuse every honest moment of the last hours.
    await withClient(site, settings, (client) => plantCanary(client, 'before a restore'));
    const onWaiting = (segments: number) =>
      progress({ ...event, state: 'progress', detail: `${segments} WAL segments wait` });
    const { signal } = site;
    await withClient(site, settings, (client) => untilArchived(client, { onWaiting, signal }), {
      database: 'postgres',
    });
    progress({ ...event, state: 'done' });
    return undefined;
  } catch (error) {
    const why = `the running server's last WAL could not be shipped: ${messageOf(error)}`;
    progress({ ...event, state: 'failed', detail: why });
    return why;
  }
}
