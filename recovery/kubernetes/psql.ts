/** One statement to the server of the pod that runs it, by its socket: as its own account, so no password is anywhere. */
const PSQL = ['--no-psqlrc', '--tuples-only', '--no-align', '--quiet', '--set', 'ON_ERROR_STOP=1'];

const hasRows = (statement: string): boolean => /^\s*(SELECT|WITH)\b/i.test(statement);

/** A SELECT is asked for its rows as one JSON text. */
export function psqlArguments(statement: string, database = 'postgres'): [string, ...string[]] {
  const text = hasRows(statement) ? `SELECT coalesce(json_agg(q), '[]'::json) FROM (${statement}) q` : statement;
  return ['psql', ...PSQL, '--username', 'postgres', '--dbname', database, '--command', text];
}

/** Empty for a statement that has none. */
export function parseRows(statement: string, said: string): readonly Readonly<Record<string, unknown>>[] {
  return hasRows(statement) ? (JSON.parse(said) as Readonly<Record<string, unknown>>[]) : [];
}
