/** A person's check, asked of a side instance: one query, read-only, whose first value is true or false. */
import type pg from 'pg';
import { badInput, hasCode, messageOf } from '../../core/errors.ts';
import type { Side } from '../../workloads/postgres/side/instance.ts';

/** A check is written for the path that this role has in this database, which a session of `dr` replaces from its start on. */
const OWN_SEARCH_PATH = `
  SELECT set_config('search_path', coalesce(
    (SELECT substring(setting from '^search_path=(.*)$')
      FROM pg_db_role_setting, unnest(setconfig) AS setting
      WHERE setting LIKE 'search_path=%'
        AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
      ORDER BY setrole <> 0 DESC, setdatabase <> 0 DESC LIMIT 1),
    (SELECT setting FROM pg_file_settings WHERE name = 'search_path' ORDER BY seqno DESC LIMIT 1),
    '"$user", public'), false)`;

export interface Answer {
  readonly good: boolean;
  /** For people: the value, or what the server said. */
  readonly said: string;
}

export interface Question {
  readonly sql: string;
  readonly database: string;
}

const LIMIT_SECONDS = 600;
/** Undefined table, column, schema, function, database: what the query reads is gone. */
const GONE = ['42P01', '42703', '3F000', '42883', '3D000'];
const READ_ONLY = '25006';

/**
 * As a role that may read everything and do nothing else (PostgreSQL 14 and newer): a query could write files or run programs. Rows that a
 * policy hides are an error, never fewer rows. Names without a schema mean what they mean to the database's users.
 */
async function guard(client: pg.Client): Promise<void> {
  await client.query(`SET statement_timeout = '${LIMIT_SECONDS}s'; SET row_security = off; ${OWN_SEARCH_PATH}`);
  const { rows } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = 'pg_read_all_data'");
  if (rows.length > 0) await client.query('SET ROLE pg_read_all_data');
  await client.query('BEGIN READ ONLY');
}

function refused(code: string, fact: string, hint: string, cause?: unknown) {
  return badInput({ code, where: '--check', fact, hint, ...(cause === undefined ? {} : { cause }) });
}

/** Throws `CHECK-WRITES`, `CHECK-NOT-BOOLEAN`, `CHECK-FAILED` (exit 2). What is gone at that moment is an answer: not good. */
export async function ask(side: Side, { sql, database }: Question): Promise<Answer> {
  try {
    return await side.ask(
      async (client) => {
        await guard(client);
        // One statement alone: the extended protocol takes no second one.
        const one: pg.QueryArrayConfig & { queryMode: string } = { text: sql, rowMode: 'array', queryMode: 'extended' };
        const { rows } = await client.query<unknown[]>(one);
        return answerOf(rows);
      },
      { database, long: true },
    );
  } catch (error) {
    if (hasCode(error, READ_ONLY))
      throw refused('CHECK-WRITES', `the check writes: ${messageOf(error)}`, 'ask with a SELECT', error);
    if (hasCode(error, ...GONE)) return { good: false, said: messageOf(error) };
    if (error instanceof Error && 'severity' in error)
      throw refused('CHECK-FAILED', messageOf(error), 'try the query on the live database first', error);
    throw error;
  }
}

function answerOf(rows: readonly unknown[][]): Answer {
  const value = rows[0]?.[0];
  if (typeof value === 'boolean') return { good: value, said: String(value) };
  const found = rows.length === 0 ? 'no row' : JSON.stringify(value);
  throw refused(
    'CHECK-NOT-BOOLEAN',
    `the first value of the check is ${found}, neither true nor false`,
    'SELECT count(*) > 0 FROM orders',
  );
}
