/** What a restored database would do to others by itself is turned off, because the original may live. */

/** SQL. Of all databases at once. Their workers start with the next restart of the server. */
export const SUBSCRIPTIONS_OFF =
  'UPDATE pg_subscription SET subenabled = false; ALTER SYSTEM RESET max_logical_replication_workers;';

const JOBS_OFF =
  "SELECT 'UPDATE cron.job SET active = false WHERE active' WHERE to_regclass('cron.job') IS NOT NULL \\gexec";

/** Lines of a shell script, whose first argument is a connection string: jobs of pg_cron, in whichever database it keeps them. */
export const JOBS_OFF_EVERYWHERE: readonly string[] = [
  `jobs=$(psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 --dbname "$1" <<'SQL'`,
  `SELECT '\\connect ' || quote_ident(datname) || chr(10) || $job$${JOBS_OFF}$job$`,
  'FROM pg_database WHERE datallowconn AND NOT datistemplate AND datconnlimit <> -2;',
  'SQL',
  ')',
  `printf '%s\\n' "$jobs" | psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname "$1"`,
];
