/** Large objects that the rows of tables name: a dump of single tables leaves them behind. */
import type pg from 'pg';
import type { TableName } from '../dump-list.ts';
import { sqlName } from './copy-tables.ts';

const CHUNK_BYTES = 4 * 1024 * 1024;
const AT_A_TIME = 1000;

/** Columns of type oid, `lo`, or a domain of them. */
async function columnsOf(client: pg.Client, { schema, name }: TableName): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
     WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
       AND 'oid'::regtype IN (t.oid, t.typbasetype)`,
    [schema, name],
  );
  return rows.map((row) => row.name);
}

/** Ids of the large objects that a table's rows name, ascending. */
async function namedIn(client: pg.Client, table: TableName, after: string): Promise<string[]> {
  const columns = await columnsOf(client, table);
  if (columns.length === 0) return [];
  const values = columns.map(
    (name) => `SELECT ${client.escapeIdentifier(name)}::oid AS id FROM ONLY ${sqlName(table)}`,
  );
  const { rows } = await client.query<{ id: string }>(
    `SELECT m.oid::text AS id FROM pg_largeobject_metadata m
     WHERE m.oid > $1::oid AND m.oid IN (${values.join(' UNION ALL ')}) ORDER BY m.oid LIMIT ${AT_A_TIME}`,
    [after],
  );
  return rows.map(({ id }) => id);
}

/** Chunk by chunk: one may be larger than the memory. */
async function copyOne(from: pg.Client, to: pg.Client, id: string): Promise<boolean> {
  const made = await to.query(
    'SELECT lo_create($1::oid) WHERE NOT EXISTS (SELECT 1 FROM pg_largeobject_metadata WHERE oid = $1::oid)',
    [id],
  );
  if (made.rowCount === 0) return false;
  for (let offset = 0; ; offset += CHUNK_BYTES) {
    const read = await from.query<{ part: Buffer }>('SELECT lo_get($1::oid, $2::bigint, $3::int) AS part', [
      id,
      offset,
      CHUNK_BYTES,
    ]);
    const part = read.rows[0]?.part;
    if (part === undefined || part.length === 0) return true;
    await to.query('SELECT lo_put($1::oid, $2::bigint, $3)', [id, offset, part]);
  }
}

/** Returns how many were copied. */
export async function copyLargeObjects(from: pg.Client, to: pg.Client, tables: readonly TableName[]): Promise<number> {
  let copied = 0;
  for (const table of tables) {
    for (let after = '0'; ; ) {
      const ids = await namedIn(from, table, after);
      for (const id of ids) copied += (await copyOne(from, to, id)) ? 1 : 0;
      const last = ids.at(-1);
      if (last === undefined) break;
      after = last;
    }
  }
  return copied;
}
