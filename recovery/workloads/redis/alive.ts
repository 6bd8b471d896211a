/**
 * Does a Redis use these files: by what answers at its address, and by the processes that work in its data directory. Two servers on one
 * data directory destroy it, so an unclear answer counts as alive.
 */
import type { RedisSettings } from '../../config/environment.ts';
import { isOnOtherHost } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { NOBODY_LISTENS } from '../../core/absent.ts';
import { codeOf, DrError, hasCode } from '../../core/errors.ts';
import { isStopped, stoppedWords } from '../../core/pids.ts';
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

/** Its process is known to answer nobody: nothing is gained by a wait of half a minute. */
function stopped(settings: RedisSettings, pid: number): DrError {
  return new DrError({
    code: 'REDIS-UNREACHABLE',
    where: 'redis',
    fact: `${redisAddress(settings)}: redis-server (pid ${pid}) does not answer`,
    hint: `let it go on (kill -CONT ${pid})`,
  });
}

/**
 * Never throws for a server that does not answer. Throws what the file system throws for the data directory.
 * @param said why it did not answer a moment ago: a server that is stopped would take its whole time limit again
 */
export async function redisLife(site: Site, settings: RedisSettings, said?: DrError): Promise<RedisLife> {
  const [pid] = isOnOtherHost(settings) ? [] : await processesIn(settings.dataDir, SERVER);
  const known = pid === undefined ? {} : { pid };
  const address = redisAddress(settings);
  try {
    if (said !== undefined) throw said;
    if (pid !== undefined && isStopped(pid)) throw stopped(settings, pid);
    await withRedis(site, settings, (redis) => redis.ping());
    return { alive: true, answers: true, ...known, fact: `${address} answers` };
  } catch (error) {
    if (!(error instanceof DrError) || error.code === 'INTERRUPTED') throw error;
    const quiet = error.code === 'REDIS-UNREACHABLE' && hasCode(error.cause, ...NOBODY_LISTENS);
    if (!quiet) return { alive: true, answers: false, ...known, fact: `${error.fact}${stoppedWords(pid)}`, error };
    if (pid === undefined) return { alive: false, answers: false, fact: error.fact, error };
    const fact = `redis-server (pid ${pid}) works in ${settings.dataDir}, and ${address} does not answer (${codeOf(error.cause)})${stoppedWords(pid)}`;
    return { alive: true, answers: false, pid, fact, error };
  }
}
