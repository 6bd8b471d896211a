/** One SQL statement for the server in the same pod, over its socket as its own account: no password is needed. */
import { fieldsOf, listOf } from './objects.ts';

const PSQL = ['--no-psqlrc', '--tuples-only', '--no-align', '--quiet', '--set', 'ON_ERROR_STOP=1'];

/** As in each session of `dr`: an application's locks or a role's settings must neither hold it nor change an answer. */
const SETTINGS = [
  "SET lock_timeout = '5s'; SET statement_timeout = '55s'; SET synchronous_commit = 'local'",
  "SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC'; SET search_path = 'pg_catalog'; SET standard_conforming_strings = on",
].join('; ');

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
