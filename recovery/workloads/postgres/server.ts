/** Asking a PostgreSQL server; starting and stopping one of this host. */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import type { PostgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { DrError, hasCode, precondition } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import { shellWord, socketFolder } from '../../core/quote.ts';
import { findPostgresBin } from '../../engines/find.ts';
import { connectClient } from './client.ts';
import { livingServer, removeStaleLocks } from './stale-locks.ts';

/** Start-up waits this long for a server that replays; replay itself has no limit but the caller's. */
const CONNECT_MS = 5_000;

/** Bytes of a socket's path. */
const LONGEST_SOCKET = 107;

/** For what concerns the whole server. */
const MAINTENANCE = 'postgres';

/** A server may have no database "postgres": whoever asks for it wants any. */
export async function connect(site: Site, settings: PostgresSettings, database?: string): Promise<pg.Client> {
  if (database !== MAINTENANCE) return connectTo(site, settings, database ?? settings.database);
  for (const name of [MAINTENANCE, settings.database]) {
    try {
      return await connectTo(site, settings, name);
    } catch (error) {
      // 3D000: there is no such database.
      if (!hasCode(error, '3D000')) throw error;
    }
  }
  return connectTo(site, settings, 'template1');
}

async function connectTo(site: Site, settings: PostgresSettings, database: string): Promise<pg.Client> {
  const password =
    settings.password === undefined ? undefined : await site.secrets.read(settings.password, 'postgres.password');
  const base = {
    database,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'dr',
    ...(password === undefined ? {} : { password }),
  };
  return connectClient(settings, base, (client) => {
    // A server that is stopped drops its clients: without a listener that would end the process.
    client.on('error', (error) => site.log.debug({ error: error.message }, 'PostgreSQL closed the connection'));
  });
}

export async function withClient<T>(
  site: Site,
  settings: PostgresSettings,
  use: (client: pg.Client) => Promise<T>,
  database?: string,
): Promise<T> {
  const client = await connect(site, settings, database);
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Pid of the process that owns the data directory, when it is alive. A stale postmaster.pid (after kill -9) is nobody's. */
export async function postmasterPid(settings: PostgresSettings): Promise<number | undefined> {
  return livingServer(join(settings.dataDir, 'postmaster.pid'));
}

async function pgCtl(site: Site, settings: PostgresSettings, args: readonly string[]): Promise<void> {
  const bin = await findPostgresBin(settings.binDir);
  await site.run([join(bin, 'pg_ctl'), '-D', settings.dataDir, ...args], { as: site.environment.runAs, cwd: '/' });
}

/** Stops the server: cleanly, and at once when it doesn't go. No error when it isn't running. */
export async function stopServer(site: Site, settings: PostgresSettings): Promise<void> {
  if ((await postmasterPid(settings)) !== undefined) {
    if (settings.control) await site.run(settings.control.stop, { timeoutSeconds: 120 });
    else {
      await pgCtl(site, settings, ['stop', '-m', 'fast', '-w', '-t', '60']).catch(async (error: unknown) => {
        site.log.warn({ error: String(error) }, 'fast shutdown failed, shutting down at once');
        await pgCtl(site, settings, ['stop', '-m', 'immediate', '-w', '-t', '60']);
      });
    }
    const left = await postmasterPid(settings);
    if (left !== undefined) {
      throw new DrError({
        code: 'SERVER-STILL-RUNNING',
        where: settings.dataDir,
        fact: `PostgreSQL (pid ${left}) still runs after its stop command`,
        hint: 'stop it by hand and start the same command again',
      });
    }
  }
  await rm(join(settings.dataDir, 'postmaster.pid'), { force: true });
}

function logOf(settings: PostgresSettings): string {
  return settings.logFile ?? join(settings.dataDir, 'dr-start.log');
}

/** Bytes in the server's log: the next start writes after them. The log is evidence and is never truncated. */
export async function logSize(settings: PostgresSettings): Promise<number> {
  return stat(logOf(settings)).then(
    (found) => found.size,
    () => 0,
  );
}

/**
 * Pure. Errors of a server's log with what explains them: the setting that is too low stands in a DETAIL. A server may speak any language:
 * without a word that is known, its last lines.
 */
export function lastErrors(log: string): string {
  const lines = log.trimEnd().split('\n');
  const errors = lines.filter((line) => /FATAL|PANIC|ERROR|could not|\b(?:DETAIL|HINT):/.test(line));
  const worst = errors.findLastIndex((line) => /FATAL|PANIC|ERROR|could not/.test(line));
  return (worst < 0 ? lines.slice(-4) : errors.slice(Math.max(0, worst - 3), worst + 3)).join('\n');
}

async function logTail(settings: PostgresSettings, from: number): Promise<string> {
  try {
    const text = (await readFile(logOf(settings))).subarray(from).toString('utf8');
    return lastErrors(text);
  } catch {
    return '';
  }
}

function startFailed(settings: PostgresSettings, why: string): DrError {
  return new DrError({
    code: 'SERVER-START',
    where: settings.dataDir,
    fact: `PostgreSQL did not come up: ${why}`,
    hint: `its log: ${logOf(settings)}`,
  });
}

/** Starts the server and returns as soon as its process exists; see `waitUntilWritable`. */
export async function startServer(site: Site, settings: PostgresSettings): Promise<void> {
  if ((await postmasterPid(settings)) !== undefined) return;
  await removeStaleLocks(settings);
  if (settings.control) {
    await site.run(settings.control.start);
    return;
  }
  await startWithPgCtl(site, settings);
}

/** What `dr` gives the server; the rest comes from its files. */
function startOptions(settings: PostgresSettings): string[] {
  const { configDir, dataDir, socketDir, port } = settings;
  // A file of another host may name that host's data directory.
  const files = (folder: string) => [
    '-c',
    `config_file=${join(folder, 'postgresql.conf')}`,
    '-c',
    `data_directory=${dataDir}`,
  ];
  const config = configDir === undefined ? [] : files(configDir);
  return ['-k', socketFolder(socketDir), '-p', String(port), ...config];
}

/**
 * pg_ctl gives its options, the data directory and the log to a shell, the last two between double quotes: so a path with a character
 * that counts there goes by another way.
 */
async function startWithPgCtl(site: Site, settings: PostgresSettings): Promise<void> {
  const { dataDir } = settings;
  const log = logOf(settings);
  const program = join(await findPostgresBin(settings.binDir), 'pg_ctl');
  const argv = [program, 'start', '-W', '-o', startOptions(settings).map(shellWord).join(' ')] as const;
  const options = { as: site.environment.runAs, cwd: '/' };
  if (!/["$`\\]/.test(`${dataDir}${log}`)) {
    await site.run([...argv, '-D', dataDir, '-l', log], options);
    return;
  }
  const redirected = ['sh', '-c', 'log=$1; shift; exec "$@" >>"$log" 2>&1', 'sh', log] as const;
  await site.run([...redirected, ...argv], { ...options, env: { PGDATA: dataDir } });
}

/**
 * Would the server start with its files and what `dr` adds to them? Asked of its own program, which reads them and starts nothing: so a
 * server that runs is not stopped for a configuration that can't start. Throws `SERVER-START-REFUSED` (exit 6).
 */
export async function tryStartOptions(site: Site, settings: PostgresSettings): Promise<void> {
  const program = join(await findPostgresBin(settings.binDir), 'postgres');
  const options = startOptions(settings).map(shellWord).join(' ');
  // By a shell, as pg_ctl does.
  const argv = ['sh', '-c', `exec "$0" -D "$1" ${options} -C unix_socket_directories`] as const;
  const { exitCode, stdout, stderr } = await site.run([...argv, program, settings.dataDir], {
    as: site.environment.runAs,
    cwd: '/',
    accept: 'any',
  });
  const folder = stdout.trim();
  const tooLong = Buffer.byteLength(`${settings.socketDir}/.s.PGSQL.${settings.port}`) > LONGEST_SOCKET;
  if (exitCode === 0 && folder === socketFolder(settings.socketDir) && !tooLong) return;
  const said = stderr.split('\n').filter((line) => /FATAL|ERROR|DETAIL|HINT/.test(line));
  throw precondition({
    code: 'SERVER-START-REFUSED',
    where: settings.dataDir,
    fact: tooLong
      ? `the path of its socket has more than ${LONGEST_SOCKET} bytes: ${settings.socketDir}`
      : `PostgreSQL would not start again: ${said.join('\n') || stderr.trim() || `its socket folder would be ${folder}`}`,
    hint: 'nothing was stopped; fix that, and postgres.socketDir, port and configDir of the environment file, first',
  });
}

/** For the progress of a caller that waits. */
export type ReplayProgress = (lsn: string) => void;

/** Replay takes as long as there is WAL. */
const NO_LIMIT = Number.POSITIVE_INFINITY;
const TRY_SECONDS = 0.05;
/** Two seconds. */
const DEAD_AFTER_TRIES = 40;
const ASK_SECONDS = 0.02;

/** A connection that is made during recovery survives its end, and a query on it costs next to nothing. */
async function untilRecovered(
  client: pg.Client,
  { onReplay, signal }: { onReplay?: ReplayProgress; signal?: AbortSignal | undefined },
): Promise<void> {
  let reported: string | undefined;
  const state = async () => {
    const { rows } = await client.query<{ busy: boolean; lsn: string | null }>(
      'SELECT pg_is_in_recovery() AS busy, pg_last_wal_replay_lsn()::text AS lsn',
    );
    const { busy = false, lsn } = rows[0] ?? {};
    if (busy && typeof lsn === 'string' && lsn !== reported) onReplay?.(lsn);
    reported = lsn ?? reported;
    return busy;
  };
  await poll({ seconds: NO_LIMIT, everySeconds: ASK_SECONDS, signal }, state, (busy) => !busy);
}

/**
 * Waits until the server has ended recovery and takes writes. Replay has no time limit; a server that has died fails at once.
 * Throws `SERVER-START` with the last errors of its log.
 */
export async function waitUntilWritable(
  site: Site,
  settings: PostgresSettings,
  options: { onReplay?: ReplayProgress; logFrom?: number; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  let missing = 0;
  const recovered = async (): Promise<boolean> => {
    try {
      await withClient(site, settings, (client) => untilRecovered(client, options), 'postgres');
      return true;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      // Between fork and postmaster.pid there is a short while without either: only a lasting absence is a death.
      missing = (await postmasterPid(settings)) === undefined ? missing + 1 : 0;
      if (missing <= DEAD_AFTER_TRIES) return false;
      throw startFailed(settings, (await logTail(settings, options.logFrom ?? 0)) || String(error));
    }
  };
  await poll({ seconds: NO_LIMIT, everySeconds: TRY_SECONDS, signal: options.signal }, recovered, (done) => done);
}

/** True when the server answers a query. */
export async function answers(site: Site, settings: PostgresSettings): Promise<boolean> {
  try {
    return await withClient(
      site,
      settings,
      async (client) => (await client.query('SELECT 1')).rowCount === 1,
      'postgres',
    );
  } catch {
    return false;
  }
}
