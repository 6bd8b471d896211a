/** Makes a scratch copy of a cluster readable from end to end: what guards the original's databases would keep a check from seeing them. */
import type pg from 'pg';
import type { PostgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { dropPrepared } from './prepared.ts';
import { withClient } from './server.ts';

interface Database {
  readonly name: string;
  readonly open: boolean;
}

/** A limit of -2 marks one whose DROP was interrupted: nobody can connect to it any more. */
const DATABASES = `
  SELECT datname AS name, datallowconn AS open FROM pg_database
  WHERE NOT datistemplate AND datconnlimit <> -2 ORDER BY 1`;

/** PostgreSQL lets nobody have triggers on event triggers, so this always passes. */
async function disableEventTriggers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT evtname AS name FROM pg_event_trigger WHERE evtenabled <> 'D'",
  );
  for (const { name } of rows) await client.query(`ALTER EVENT TRIGGER ${client.escapeIdentifier(name)} DISABLE`);
}

/**
 * Names of the databases of a copy that is thrown away, each open afterwards, without event triggers and without settings of roles and
 * databases: these could refuse `amcheck`, end a long statement, or hide damage.
 */
export async function openDatabases(site: Site, settings: PostgresSettings): Promise<string[]> {
  const found = await withClient(site, settings, async (client) => {
    await client.query('SET default_transaction_read_only = off');
    await client.query('DELETE FROM pg_db_role_setting');
    const { rows } = await client.query<Database>(DATABASES);
    for (const { name, open } of rows)
      if (!open) await client.query(`ALTER DATABASE ${client.escapeIdentifier(name)} ALLOW_CONNECTIONS true`);
    return rows;
  });
  const names = found.map(({ name }) => name);
  for (const name of names) {
    await withClient(site, settings, dropPrepared, { database: name });
    await withClient(site, settings, disableEventTriggers, { database: name });
  }
  return names;
}
