/** One SQL statement for the server in the same pod, over its socket as its own account: no password is needed. */
import { fieldsOf, listOf } from './objects.ts';

const PSQL = ['--no-psqlrc', '--tuples-only', '--no-align', '--quiet', '--set', 'ON_ERROR_STOP=1'];

/**
 * Of each session of `dr`: a role's settings must not change an answer, nor a standby that is gone hold one. Our rows are not worth
 * waiting for it: with `local` they are on this server's disk.
 */
export const PINNED_SETTINGS = {
  DateStyle: 'ISO, YMD',
  TimeZone: 'UTC',
  search_path: 'pg_catalog',
  standard_conforming_strings: 'on',
  synchronous_commit: 'local',
} as const;

/** `SET a = '1'; SET b = '2'` */
export function setStatements(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `SET ${name} = '${value}'`)
    .join('; ');
}

/** An application's locks must not hold it either, and the command has a limit of its own. */
const SETTINGS = setStatements({ lock_timeout: '5s', statement_timeout: '55s', ...PINNED_SETTINGS });

const hasRows = (statement: string): boolean => /^\s*(SELECT|WITH)\b/i.test(statement);

/** A SELECT returns its rows as one JSON text. */
export function psqlArguments(statement: string, database = 'postgres'): [string, ...string[]] {
  const text = hasRows(statement) ? `SELECT coalesce(json_agg(q), '[]'::json) FROM (${statement}) q` : statement;
  return ['psql', ...PSQL, '--username', 'postgres', '--dbname', database, '--command', SETTINGS, '--command', text];
}

/** Empty for a statement without rows. @param output stdout of psql */
export function parseRows(statement: string, output: string): readonly Readonly<Record<string, unknown>>[] {
  return hasRows(statement) ? listOf(JSON.parse(output)).map(fieldsOf) : [];
}
