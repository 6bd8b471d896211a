/** What a backup set can't hold of a running cluster. PostgreSQL leaves it out without a word, and so the capture has to say it. */
import type pg from 'pg';
import type { PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { withClient } from '../server.ts';

const DATABASES = 'SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1';

/** By the catalog alone: the size of a table that somebody has locked would be waited for. */
const UNLOGGED = `
  SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'u' ORDER BY 1`;

/** Slots of standbys belong to whoever makes the standbys. */
const SLOTS = `
  SELECT slot_name AS name, database FROM pg_replication_slots WHERE slot_type = 'logical' AND NOT temporary ORDER BY 1`;

async function namesOf(client: pg.Client, sql: string): Promise<string[]> {
  return (await client.query<{ name: string }>(sql)).rows.map(({ name }) => name);
}

/** One line for each unlogged table of each database, and for each logical replication slot. */
export async function besideSet(site: Site, settings: PostgresSettings): Promise<string[]> {
  const { databases, slots } = await withClient(site, settings, async (client) => ({
    databases: await namesOf(client, DATABASES),
    slots: (await client.query<{ name: string; database: string }>(SLOTS)).rows,
  }));
  const lines: string[] = [];
  for (const database of databases) {
    const tables = await withClient(site, settings, (client) => namesOf(client, UNLOGGED), { database });
    const where = database === settings.database ? '' : ` of database ${database}`;
    const rest = database === settings.database ? ': its rows are in the logical dump alone' : '';
    lines.push(...tables.map((name) => `rows of ${name}${where}: it is UNLOGGED, and comes back empty${rest}`));
  }
  for (const { name, database } of slots)
    lines.push(`logical replication slot ${name} of database ${database}: its subscriber must copy everything anew`);
  return lines;
}
