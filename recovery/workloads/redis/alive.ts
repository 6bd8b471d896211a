/**
 * Does a Redis use these files: by what answers at its address, and by the processes that work in its data directory. Two servers on one
 * data directory destroy it, so an unclear answer counts as alive.
 */
import type { RedisSettings } from '../../config/environment.ts';
import { isOnOtherHost } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { NOBODY_LISTENS } from '../../core/absent.ts';
import { codeOf, DrError, hasCode } from '../../core/errors.ts';
import { processesIn } from '../../core/process/holders.ts';
import { redisAddress, withRedis } from './client.ts';

export interface RedisLife {
  readonly alive: boolean;
  /** It takes our commands. */
  readonly answers: boolean;
  /** Of the process that works in the data directory, where that is known. */
  readonly pid?: number;
  /** The evidence, for people. */
  readonly fact: string;
  /** Why it does not answer. */
  readonly error?: DrError;
}

const SERVER = /^(?:redis-server|redis|valkey-server|valkey|keydb-server)/;

/** Never throws for a server that does not answer. Throws what the file system throws for the data directory. */
export async function redisLife(site: Site, settings: RedisSettings): Promise<RedisLife> {
  const [pid] = isOnOtherHost(settings) ? [] : await processesIn(settings.dataDir, SERVER);
  const known = pid === undefined ? {} : { pid };
  const address = redisAddress(settings);
  try {
    await withRedis(site, settings, (redis) => redis.ping());
    return { alive: true, answers: true, ...known, fact: `${address} answers` };
  } catch (error) {
    if (!(error instanceof DrError) || error.code === 'INTERRUPTED') throw error;
    const quiet = error.code === 'REDIS-UNREACHABLE' && hasCode(error.cause, ...NOBODY_LISTENS);
    if (!quiet) return { alive: true, answers: false, ...known, fact: error.fact, error };
    if (pid === undefined) return { alive: false, answers: false, fact: error.fact, error };
    const fact = `redis-server (pid ${pid}) works in ${settings.dataDir}, and ${address} does not answer (${codeOf(error.cause)})`;
    return { alive: true, answers: false, pid, fact, error };
  }
}
