/** Asking a PostgreSQL server; starting and stopping one of this host. */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import type { PostgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { ifAbsent, isThere } from '../../core/absent.ts';
import { DrError, EXIT, hasCode, messageOf, precondition } from '../../core/errors.ts';
import { isStopped } from '../../core/pids.ts';
import { poll } from '../../core/poll.ts';
import { findPostgresBin } from '../../engines/find.ts';
import { type Control, runStart, runStop } from '../control.ts';
import { type PostgresLife, postgresLife, postmasterPid } from './access/alive.ts';
import { connectClient } from './access/client.ts';
import { logOf, startWithPgCtl } from './access/launch.ts';
import {
  clientLimits,
  inSession,
  interrupted,
  openSession,
  prepareSession,
  type SessionOptions,
} from './access/session.ts';
import { removeStaleLocks } from './access/stale-locks.ts';
import { startFailed } from './access/start-failure.ts';

/** Start-up waits this long for a server that replays; replay itself has no limit but the caller's. */
const CONNECT_MS = 5_000;

/** For what concerns the whole server. */
const MAINTENANCE = 'postgres';

/**
 * A session with limits and pinned settings (`access/session.ts`), by its options or its database; the caller ends it. A server may have
 * no database "postgres": whoever asks for it wants any.
 */
async function connect(
  site: Site,
  settings: PostgresSettings,
  session: SessionOptions | string = {},
): Promise<pg.Client> {
  const options = optionsOf(session);
  if (options.cleansUp !== true && site.signal?.aborted === true) throw interrupted();
  if (options.database !== MAINTENANCE) return connectTo(site, settings, options);
  for (const database of [MAINTENANCE, settings.database]) {
    try {
      return await connectTo(site, settings, { ...options, database });
    } catch (error) {
      // 3D000: there is no such database.
      if (!hasCode(error, '3D000')) throw error;
    }
  }
  return connectTo(site, settings, { ...options, database: 'template1' });
}

function optionsOf(session: SessionOptions | string): SessionOptions {
  return typeof session === 'string' ? { database: session } : session;
}

async function connectTo(site: Site, settings: PostgresSettings, options: SessionOptions): Promise<pg.Client> {
  const password =
    settings.password === undefined ? undefined : await site.secrets.read(settings.password, 'postgres.password');
  const base = {
    ...clientLimits(options),
    database: options.database ?? settings.database,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'dr',
    ...(password === undefined ? {} : { password }),
  };
  // A server that is stopped drops its clients: without a listener that would end the process.
  const listen = (client: pg.Client): void =>
    void client.on('error', (error) => site.log.debug({ error: error.message }, 'PostgreSQL closed the connection'));
  const connected = await openSession(options, (opening) => connectClient(settings, { ...base, ...opening }, listen));
  await prepareSession(connected, options);
  return connected;
}

export async function withClient<T>(
  site: Site,
  settings: PostgresSettings,
  use: (client: pg.Client) => Promise<T>,
  session: SessionOptions | string = {},
): Promise<T> {
  const options = optionsOf(session);
  const client = await connect(site, settings, options);
  return inSession(client, options.cleansUp === true ? undefined : site.signal, use);
}

async function pgCtl(site: Site, settings: PostgresSettings, args: readonly string[], cleansUp = false): Promise<void> {
  const bin = await findPostgresBin(settings.binDir);
  const limit = cleansUp ? { cleansUp, timeoutSeconds: 2 * CLEANING_SECONDS } : {};
  const as = site.environment.runAs;
  await site.run([join(bin, 'pg_ctl'), '-D', settings.dataDir, ...args], {
    as,
    cwd: '/',
    ...limit,
    spareDescendants: true,
  });
}

/** A trial's server, after a signal: nobody needs its data. */
const CLEANING_SECONDS = 5;
const LAST_PROCESSES_SECONDS = 15;

/**
 * Stops the server: cleanly, and at once when it doesn't go. No error when it isn't running. Throws `SERVER-STILL-RUNNING`.
 * @param options.cleansUp its data is not needed any more, and a signal may have come
 */
export async function stopServer(
  site: Site,
  settings: PostgresSettings,
  { cleansUp = false }: { readonly cleansUp?: boolean } = {},
): Promise<void> {
  const life = await postgresLife(site, settings);
  if (life.alive) {
    if (settings.control) await runStop(site, 'postgres.control', settings.control);
    else if (cleansUp)
      await pgCtl(site, settings, ['stop', '-m', 'immediate', '-w', '-t', `${CLEANING_SECONDS}`], true);
    else await stopByPgCtl(site, settings, life);
    // pg_ctl waits for the pid file, which goes some moments before the last processes do.
    const asking = { seconds: LAST_PROCESSES_SECONDS, everySeconds: 0.2, signal: cleansUp ? undefined : site.signal };
    const { answer, accepted } = await poll(
      asking,
      () => postgresLife(site, settings),
      (left) => !left.alive,
    );
    if (!accepted) throw stillRuns(settings, answer);
  }
  await rm(join(settings.dataDir, 'postmaster.pid'), { force: true });
}

async function stopByPgCtl(site: Site, settings: PostgresSettings, life: PostgresLife): Promise<void> {
  // It takes no signal to end itself, and pg_ctl would wait for it twice a minute.
  if (life.pid !== undefined && isStopped(life.pid)) throw stillRuns(settings, life);
  // Without it pg_ctl knows of no server.
  if (!(await isThere(join(settings.dataDir, 'postmaster.pid')))) throw stillRuns(settings, life);
  try {
    await pgCtl(site, settings, ['stop', '-m', 'fast', '-w', '-t', '60']);
  } catch (error) {
    if (!(error instanceof DrError) || error.code !== 'ENGINE-FAILED') throw error;
    site.log.warn({ error: String(error) }, 'fast shutdown failed, shutting down at once');
    await pgCtl(site, settings, ['stop', '-m', 'immediate', '-w', '-t', '60']);
  }
}

function stillRuns(settings: PostgresSettings, { fact, pid }: PostgresLife): DrError {
  return new DrError({
    code: 'SERVER-STILL-RUNNING',
    where: settings.dataDir,
    fact,
    hint: `stop it by hand${pid === undefined ? '' : ` (kill -INT ${pid})`} and start the same command again`,
  });
}

/** Bytes in the server's log: the next start writes after them. The log is evidence and is never truncated. */
export async function logSize(settings: PostgresSettings): Promise<number> {
  return stat(logOf(settings)).then((found) => found.size, ifAbsent(0));
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
  } catch (error) {
    // The error that is explained matters more than the log.
    return `its log can't be read: ${messageOf(error)}`;
  }
}

/**
 * Starts the server and returns as soon as its process exists; see `waitUntilWritable`. Throws `SERVER-ELSEWHERE` (exit 6) where a server
 * answers that this host has no process of: a second one in its data directory would destroy that.
 */
export async function startServer(site: Site, settings: PostgresSettings): Promise<void> {
  const life = await postgresLife(site, settings);
  if (life.pid !== undefined) return;
  if (life.alive) throw elsewhere(settings, life.fact);
  await removeStaleLocks(settings);
  if (settings.control) {
    await startByControl(site, settings, settings.control);
    return;
  }
  await startWithPgCtl(site, settings);
}

/** A command that waits until the server takes requests may meet its limit while that replays: then the server is waited for. */
async function startByControl(site: Site, settings: PostgresSettings, control: Control): Promise<void> {
  try {
    await runStart(site, 'postgres.control', control);
  } catch (error) {
    const late = error instanceof DrError && error.code === 'ENGINE-TIMEOUT';
    if (!late || (await postmasterPid(settings)) === undefined) throw error;
    site.log.warn({ error: error.message }, 'the server has started, and its start command did not end');
  }
}

function elsewhere(settings: PostgresSettings, fact: string): DrError {
  return precondition({
    code: 'SERVER-ELSEWHERE',
    where: settings.dataDir,
    fact: `${fact}, and no process of this host is its server`,
    hint: 'stop it where it runs (another container?), or correct postgres.socketDir, host and port in dr.yaml',
  });
}

/** For a caller that waits. */
export interface Waiting {
  readonly onReplay?: (lsn: string) => void;
  /** Where in the server's log this start begins. */
  readonly logFrom?: number;
  /** Asked all the while; what it throws ends the waiting. */
  readonly watch?: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** Replay takes as long as there is WAL. */
const NO_LIMIT = Number.POSITIVE_INFINITY;
const TRY_SECONDS = 0.05;
/** Two seconds. */
const DEAD_AFTER_TRIES = 40;
const ASK_SECONDS = 0.02;
/** What no further try changes. */
const FINAL: ReadonlySet<string> = new Set(['DISK-FULL', 'REPLAY-PAST-TARGET', 'REPLAY-STOPPED']);

/** A connection that is made during recovery survives its end, and a query on it costs next to nothing. */
async function untilRecovered(client: pg.Client, { onReplay, watch, signal }: Waiting): Promise<void> {
  let reported: string | undefined;
  const state = async () => {
    await watch?.();
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
export async function waitUntilWritable(site: Site, settings: PostgresSettings, options: Waiting = {}): Promise<void> {
  return waitForServer(site, settings, (client) => untilRecovered(client, options), options);
}

/** Asks a server that starts until `ask` returns. Throws as `waitUntilWritable` does. */
export async function waitForServer(
  site: Site,
  settings: PostgresSettings,
  ask: (client: pg.Client) => Promise<void>,
  options: Waiting,
): Promise<void> {
  let missing = 0;
  const answered = async (): Promise<boolean> => {
    try {
      await withClient(site, settings, ask, { database: 'postgres' });
      return true;
    } catch (error) {
      if (options.signal?.aborted || site.signal?.aborted) throw error;
      if (error instanceof DrError && (error.code.startsWith('SECRET-') || FINAL.has(error.code))) throw error;
      await options.watch?.();
      // Between fork and postmaster.pid there is a short while without either: only a lasting absence is a death.
      missing = (await postmasterPid(settings)) === undefined ? missing + 1 : 0;
      if (missing <= DEAD_AFTER_TRIES) return false;
      throw startFailed(settings, logOf(settings), (await logTail(settings, options.logFrom ?? 0)) || String(error));
    }
  };
  await poll({ seconds: NO_LIMIT, everySeconds: TRY_SECONDS, signal: options.signal }, answered, (done) => done);
}

/** True when the server answers a query, false when it does not for a reason of its own. Throws what is wrong with `dr.yaml`. */
export async function answers(site: Site, settings: PostgresSettings): Promise<boolean> {
  const ask = async (client: pg.Client) => (await client.query('SELECT 1')).rowCount === 1;
  try {
    return await withClient(site, settings, ask, { database: 'postgres' });
  } catch (error) {
    if (error instanceof DrError && (error.exit === EXIT.usage || error.exit === EXIT.interrupted)) throw error;
    site.log.debug({ error: messageOf(error) }, 'PostgreSQL does not answer');
    return false;
  }
}
