/** Before the archive is asked how far it reaches: what a living server still has on its own disk only is shipped first. */
import pRetry from 'p-retry';
import type { Site } from '../config/site.ts';
import type { Progress } from '../core/progress.ts';
import { plantCanary } from '../workloads/postgres/canary.ts';
import { postmasterPid, withClient } from '../workloads/postgres/server.ts';

const WAIT_SECONDS = 60;

/** Undefined when there was nothing to flush or it worked; otherwise why not, for a warning: a damaged server may refuse. */
export async function flushWal(site: Site, progress: Progress): Promise<string | undefined> {
  const settings = site.environment.postgres;
  if (!settings || (await postmasterPid(settings)) === undefined) return undefined;
  const event = { step: 'restore/flush', title: 'ship the last WAL of the running server' };
  progress({ ...event, state: 'start' });
  try {
    // PostgreSQL refuses a target that no commit follows; an idle database would then refuse every honest moment of the last hours.
    await withClient(site, settings, (client) => plantCanary(client, 'before a restore'));
    await withClient(
      site,
      settings,
      async (client) => {
        const { rows } = await client.query<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
        const wanted = rows[0]?.name ?? '';
        await pRetry(
          async () => {
            const { rows: found } = await client.query<{ last: string | null }>(
              'SELECT last_archived_wal AS last FROM pg_stat_archiver',
            );
            if ((found[0]?.last ?? '').slice(0, 24) < wanted)
              throw new Error(`${wanted} is not archived within ${WAIT_SECONDS} s`);
          },
          { retries: WAIT_SECONDS * 5, minTimeout: 200, maxTimeout: 200, factor: 1 },
        );
      },
      'postgres',
    );
    progress({ ...event, state: 'done' });
    return undefined;
  } catch (error) {
    const why = `the running server's last WAL could not be shipped: ${(error as Error).message}`;
    progress({ ...event, state: 'failed', detail: why });
    return why;
  }
}
