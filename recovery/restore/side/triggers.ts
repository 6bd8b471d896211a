/** Writing rows back as they were: a trigger that sets `updated_at`, or writes an audit, is not asked. Foreign keys are checked all the same. */
import type pg from 'pg';
import type { TableName } from '../dump-list.ts';
import { quoted, sqlName } from './copy-tables.ts';

/** How a trigger is on: for `ALTER TABLE … ENABLE`. */
const ENABLE: Readonly<Record<string, string>> = { O: 'ENABLE', A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA' };

interface Trigger {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly on: string;
}

/** The triggers of the table and of its partitions; those of constraints are PostgreSQL's own and stay. */
async function triggersOf(client: pg.Client, table: TableName): Promise<Trigger[]> {
  const { rows } = await client.query<Trigger>(
    `SELECT t.tgname AS name, n.nspname AS schema, c.relname AS table, t.tgenabled AS on
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
       AND (c.oid = $1::regclass OR c.oid IN (SELECT relid FROM pg_partition_tree($1::regclass)))
     ORDER BY c.oid DESC`,
    [sqlName(table)],
  );
  return rows;
}

/** In a transaction of the caller, who holds the table's lock: if it is rolled back, the triggers are on as before. */
export async function withoutTriggers<T>(client: pg.Client, table: TableName, write: () => Promise<T>): Promise<T> {
  const triggers = await triggersOf(client, table);
  const alter = (trigger: Trigger, how: string): string =>
    `ALTER TABLE ONLY ${sqlName({ schema: trigger.schema, name: trigger.table })} ${how} TRIGGER ${quoted(trigger.name)}`;
  for (const trigger of triggers) await client.query(alter(trigger, 'DISABLE'));
  const result = await write();
  for (const trigger of triggers) await client.query(alter(trigger, ENABLE[trigger.on] ?? 'ENABLE'));
  return result;
}
