/** Are PostgreSQL and Redis taking requests. */
import type { Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { withClient } from '../engines/postgres/server.ts';
import { withRedis } from '../engines/redis/server.ts';
import { formatTime } from '../report/format.ts';
import type { HealthCheck } from './types.ts';

/** The server's own words; a DrError's fact without its code. */
export function wordsOf(error: unknown): string {
  return error instanceof DrError ? error.fact : (error as Error).message;
}

interface PostgresState {
  readonly recovering: boolean;
  readonly archive_mode: string;
  readonly last: Date | null;
  readonly failed: Date | null;
  readonly wal: string | null;
}

const STATE = `
  SELECT pg_is_in_recovery() AS recovering, current_setting('archive_mode') AS archive_mode,
         last_archived_time AS last, last_failed_time AS failed, last_failed_wal AS wal
  FROM pg_stat_archiver`;

export async function checkPostgres(site: Site): Promise<HealthCheck[]> {
  const settings = site.environment.postgres;
  if (settings === undefined) return [];
  try {
    const state = await withClient(
      site,
      settings,
      async (client) => (await client.query<PostgresState>(STATE)).rows[0],
    );
    if (state === undefined) throw new Error('pg_stat_archiver is empty');
    return [
      { id: 'postgres/answers', title: 'PostgreSQL answers', ok: true, fact: `database ${settings.database}` },
      {
        id: 'postgres/writable',
        title: 'PostgreSQL takes writes',
        ok: !state.recovering,
        fact: state.recovering ? 'it is in recovery' : 'not in recovery',
      },
      site.environment.isolated === true ? notArchiving(state) : archiving(state),
    ];
  } catch (error) {
    return [{ id: 'postgres/answers', title: 'PostgreSQL answers', ok: false, fact: wordsOf(error) }];
  }
}

/** F37: a drill that archived would write into what it was made from. */
function notArchiving({ archive_mode }: PostgresState): HealthCheck {
  const check = { id: 'postgres/archiving', title: 'WAL of a drill is not archived' };
  return { ...check, ok: archive_mode === 'off', fact: `archive_mode is ${archive_mode}` };
}

function archiving({ archive_mode, last, failed, wal }: PostgresState): HealthCheck {
  const check = { id: 'postgres/archiving', title: 'WAL is archived' };
  if (archive_mode === 'off') return { ...check, ok: false, fact: 'archive_mode is off: run `dr init`' };
  if (failed !== null && (last === null || failed > last)) {
    return { ...check, ok: false, fact: `${wal} has failed at ${formatTime(failed)}` };
  }
  return { ...check, ok: true, fact: last === null ? 'no segment was closed yet' : `last at ${formatTime(last)}` };
}

export async function checkRedis(site: Site): Promise<HealthCheck[]> {
  const settings = site.environment.redis;
  if (settings === undefined) return [];
  try {
    return await withRedis(site, settings, async (redis) => {
      const pong = await redis.ping();
      const loading = /^loading:1/m.test(await redis.info('persistence'));
      return [
        { id: 'redis/answers', title: 'Redis answers', ok: pong === 'PONG', fact: pong },
        {
          id: 'redis/loaded',
          title: 'Redis has loaded its data',
          ok: !loading,
          fact: loading ? 'loading:1' : 'loading:0',
        },
      ];
    });
  } catch (error) {
    return [{ id: 'redis/answers', title: 'Redis answers', ok: false, fact: wordsOf(error) }];
  }
}
