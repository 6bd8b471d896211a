/**
 * How each SQL session of `dr` is set, whoever opens it: this program, PostgreSQL's own ones, pgBackRest, or psql in a pod. What a role, a
 * database or the server says otherwise counts for others. Pure.
 */

/**
 * A role's settings must not change an answer, nor a standby that is gone hold one. Our rows are not worth waiting for it: with `local`
 * they are on this server's disk.
 */
const PINNED = {
  DateStyle: 'ISO, YMD',
  TimeZone: 'UTC',
  search_path: 'pg_catalog',
  standard_conforming_strings: 'on',
  synchronous_commit: 'local',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
} as const;

/** What a session may wait for, as PostgreSQL writes it: `5s`; `0` is no limit. */
export interface SessionLimits {
  readonly lock_timeout: string;
  readonly statement_timeout: string;
}

type Settings = Readonly<Record<string, string>>;

/** Every server knows them, and every role may set them. A transaction that waits for `dr` has no limit. */
export function sessionSettings(limits: SessionLimits): Settings {
  return { ...limits, idle_in_transaction_session_timeout: '0', ...PINNED };
}

/** `SET a = '1'; SET b = '2'` */
export function setStatements(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `SET ${name} = '${value}'`)
    .join('; ');
}

/**
 * For `options` of a connection, and for PGOPTIONS: they count before the first statement, which a role's `statement_timeout` of a
 * millisecond could end.
 */
export function startupOptions(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`)
    .join(' ');
}

/** For what was agreed to be written where a role or a database is read-only for others. */
export const WRITES = { default_transaction_read_only: 'off' } as const;

/** PGOPTIONS of programs that read or write as much as the database has: they take as long as they take. */
export function programOptions(more: Settings = {}): string {
  return startupOptions({ ...sessionSettings({ lock_timeout: '0', statement_timeout: '0' }), ...more });
}
