/**
 * One SQL session of `dr`: what it may wait for, and settings that somebody may have changed for the role, the database or the server.
 * An application's locks, a standby that is gone or a role's search_path must neither hold it nor change an answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { DrError, EXIT, hasCode, messageOf } from '../../../core/errors.ts';
import { sessionSettings, setStatements, startupOptions } from '../../../core/sql/settings.ts';

export interface SessionOptions {
  /** @default the environment's */
  readonly database?: string;
  /** Statements that read or write as much as the database has: only the wait for a lock has a limit. @default false */
  readonly long?: boolean;
  /** It undoes what must not stay, and runs after a signal too. @default false */
  readonly cleansUp?: boolean;
}

/** A lock that is not free by then is held by work that takes longer. */
const LOCK_SECONDS = 5;
/** The largest statement without `long` counts a table of 64 MB. */
const STATEMENT_SECONDS = 60;
/** Beyond its own limit the server has this long to say so. */
const ANSWER_SECONDS = 10;
/** A server that is stopped (SIGSTOP) never closes the connection. */
const END_MS = 2_000;

/** What the client itself counts: a server that hangs as a whole can't. */
export function clientLimits({ long = false }: SessionOptions): pg.ClientConfig {
  return long ? {} : { query_timeout: (STATEMENT_SECONDS + ANSWER_SECONDS) * 1000 };
}

/** Our rows are not worth waiting for a standby: `synchronous_commit=local` has them on this server's disk. */
function settingsOf({ long = false }: SessionOptions): Readonly<Record<string, string>> {
  return sessionSettings({
    lock_timeout: `${LOCK_SECONDS}s`,
    statement_timeout: long ? '0' : `${STATEMENT_SECONDS}s`,
  });
}

/** PgBouncer takes no options that it does not know; other poolers use the same words. */
const OPTIONS_REFUSED = /unsupported startup parameter/;

/**
 * A connection whose settings count from the start; one without them where a pooler refuses options.
 * @param open connects with these `options`
 */
export async function withStartup<T>(
  settings: Readonly<Record<string, string>>,
  open: (options: Pick<pg.ClientConfig, 'options'>) => Promise<T>,
): Promise<T> {
  try {
    return await open({ options: startupOptions(settings) });
  } catch (error) {
    if (!OPTIONS_REFUSED.test(messageOf(error))) throw error;
    return open({});
  }
}

/**
 * The same for a session of this program; `prepareSession` sets the rest. `synchronous_commit` is left to it: an option of the connection
 * would hide what commits of others wait for (`reset_val`), and nothing is committed before.
 */
export function openSession<T>(
  session: SessionOptions,
  open: (options: Pick<pg.ClientConfig, 'options'>) => Promise<T>,
): Promise<T> {
  const { synchronous_commit: _, ...fromTheStart } = settingsOf(session);
  return withStartup(fromTheStart, open);
}

/**
 * What can't be an option of the connection: a role without rights is refused with `lc_messages`, and an older server with a limit that it
 * does not know.
 */
const AFTERWARDS = `
  SELECT set_config('lc_messages', 'C', false) WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
  SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout');
  SELECT set_config(name, 'off', false) FROM pg_settings
    WHERE name = 'default_transaction_read_only' AND source IN ('global', 'database', 'user', 'database user')`;

/**
 * A role or a database may be read-only for others. A server that is so as a whole may be fenced, and stays it. Throws what the query
 * throws; the connection is closed then.
 */
export async function prepareSession(client: pg.Client, options: SessionOptions): Promise<void> {
  try {
    await client.query(`${setStatements(settingsOf(options))};${AFTERWARDS}`);
  } catch (error) {
    await endSession(client);
    throw error;
  }
}

/** A client that still waits for an answer is cut off. Never waits long itself. */
async function endSession(client: pg.Client): Promise<void> {
  const late = new AbortController();
  await Promise.race([client.end(), delay(END_MS, undefined, { signal: late.signal, ref: false })]);
  late.abort();
}

/** Runs `use`; a signal cuts the connection off. Throws `INTERRUPTED` (exit 130), and `POSTGRES-BUSY` for a lock or a limit. */
export async function inSession<T>(
  client: pg.Client,
  signal: AbortSignal | undefined,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const stop = (): void => void endSession(client);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await use(client);
  } catch (error) {
    if (signal?.aborted === true) throw interrupted();
    throw busy(error) ?? error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await endSession(client);
  }
}

export function interrupted(): DrError {
  return new DrError({
    code: 'INTERRUPTED',
    where: 'postgres',
    fact: 'stopped by a signal',
    hint: 'run the same command again: it resumes where it stopped',
    exit: EXIT.interrupted,
  });
}

/** A lock or a limit that ended a statement: the server lives, and somebody else works. Undefined for anything else. */
function busy(error: unknown): DrError | undefined {
  const locked = hasCode(error, '55P03');
  const slow = hasCode(error, '57014') && /statement timeout/.test(error.message);
  const silent = error instanceof Error && error.message === 'Query read timeout';
  if (!(locked || slow || silent)) return undefined;
  return new DrError({
    code: 'POSTGRES-BUSY',
    where: 'postgres',
    fact: locked
      ? `somebody holds a lock for more than ${LOCK_SECONDS} s that a query of dr needs`
      : `it did not answer a query within ${STATEMENT_SECONDS} s`,
    hint: "see who: SELECT pid, state, wait_event_type, query FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0 OR state <> 'idle'",
    cause: error,
  });
}
