/**
 * Does a PostgreSQL use this data directory: by its lock file and the process that this names, by the processes that work in the
 * directory, and by what answers at its address. An unclear answer counts as alive.
 */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { isOnOtherHost, type PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { ifAbsent, NOBODY_LISTENS } from '../../../core/absent.ts';
import { codeOf, DrError, hasCode, messageOf } from '../../../core/errors.ts';
import { stoppedWords } from '../../../core/pids.ts';
import { processesIn } from '../../../core/process/holders.ts';
import { connectClient } from './client.ts';
import { livingServer } from './stale-locks.ts';

export interface PostgresLife {
  readonly alive: boolean;
  readonly pid?: number;
  /** The evidence, for people. */
  readonly fact: string;
}

const SERVER = /^(?:postgres|postmaster)$/;
const CONNECT_MS = 5_000;

/**
 * Pid of the server of this data directory: of its lock file, or of a process that works there though its lock file is gone. Throws what
 * the file system throws for a lock file that can't be read.
 */
export async function postmasterPid({ dataDir }: Pick<PostgresSettings, 'dataDir'>): Promise<number | undefined> {
  return (await livingServer(join(dataDir, 'postmaster.pid'))) ?? (await processesIn(dataDir, SERVER))[0];
}

/** Never throws for a server that does not answer. Throws what the file system throws for the lock file. */
export async function postgresLife(site: Site, settings: PostgresSettings): Promise<PostgresLife> {
  const pid = isOnOtherHost(settings) ? undefined : await postmasterPid(settings);
  if (pid !== undefined)
    return { alive: true, pid, fact: `PostgreSQL (pid ${pid}) works in ${settings.dataDir}${stoppedWords(pid)}` };
  return askAddress(site, settings);
}

/** A server in another container has this data directory, and its pid means nothing here: it answers all the same. */
async function askAddress(site: Site, settings: PostgresSettings): Promise<PostgresLife> {
  const address = `${settings.host ?? settings.socketDir}:${settings.port}`;
  let client: pg.Client | undefined;
  try {
    const password =
      settings.password === undefined
        ? {}
        : { password: await site.secrets.read(settings.password, 'postgres.password') };
    const base = { database: 'postgres', connectionTimeoutMillis: CONNECT_MS, query_timeout: CONNECT_MS, ...password };
    client = await connectClient(settings, base, (each) => {
      each.on('error', (error) => site.log.debug({ error: error.message }, 'PostgreSQL closed the connection'));
    });
    const { rows } = await client.query<{ folder: string }>("SELECT current_setting('data_directory') AS folder");
    return judged(address, settings, rows[0]?.folder);
  } catch (error) {
    if (error instanceof DrError && error.code.startsWith('SECRET-')) throw error;
    const cause = error instanceof DrError && error.cause !== undefined ? error.cause : error;
    if (hasCode(cause, ...NOBODY_LISTENS))
      return { alive: false, fact: `nobody listens at ${address} (${codeOf(cause)})` };
    // It refuses the login, starts up, or gives no answer: somebody may be there.
    return { alive: true, fact: `at ${address}: ${messageOf(cause)}` };
  } finally {
    await client?.end();
  }
}

/** A server of another data directory at this address does not use these files. */
async function judged(address: string, settings: PostgresSettings, folder: string | undefined): Promise<PostgresLife> {
  const real = async (path: string) => realpath(path).catch(ifAbsent(path));
  const own = folder === undefined || (await real(folder)) === (await real(settings.dataDir));
  if (own) return { alive: true, fact: `PostgreSQL answers at ${address}` };
  return { alive: false, fact: `the PostgreSQL at ${address} works in ${folder}, and not in ${settings.dataDir}` };
}
