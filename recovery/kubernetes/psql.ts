/** One SQL statement for the server in the same pod, over its socket as its own account: no password is needed. */
import { sessionSettings, startupOptions } from '../core/sql/settings.ts';
import { fieldsOf, listOf } from './objects.ts';

const PSQL = ['--no-psqlrc', '--tuples-only', '--no-align', '--quiet', '--set', 'ON_ERROR_STOP=1'];

/** Of a connection string. */
const field = (name: string, value: string): string => `${name}='${value.replaceAll(/[\\']/g, '\\$&')}'`;

/** An application's locks must not hold it, and the command has a limit of its own. */
const OPTIONS = startupOptions(sessionSettings({ lock_timeout: '5s', statement_timeout: '55s' }));

const hasRows = (statement: string): boolean => /^\s*(SELECT|WITH)\b/i.test(statement);

/** A SELECT returns its rows as one JSON text. */
export function psqlArguments(statement: string, database = 'postgres'): [string, ...string[]] {
  const text = hasRows(statement) ? `SELECT coalesce(json_agg(q), '[]'::json) FROM (${statement}) q` : statement;
  const connection = `${field('dbname', database)} ${field('options', OPTIONS)}`;
  return ['psql', ...PSQL, '--username', 'postgres', '--dbname', connection, '--command', text];
}

/** Empty for a statement without rows. @param output stdout of psql */
export function parseRows(statement: string, output: string): readonly Readonly<Record<string, unknown>>[] {
  return hasRows(statement) ? listOf(JSON.parse(output)).map(fieldsOf) : [];
}
