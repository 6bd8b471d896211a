/** What a database holds, in numbers that are equal exactly when the rows are. */
import type { ClientBase } from 'pg';
import { ignoring } from '../../core/absent.ts';
import { compareItems, type Difference } from '../difference.ts';

export interface TableFingerprint {
  /** `public.orders` */
  readonly table: string;
  readonly rows: number;
  /** Of all rows, whatever their order on disk: sums of two 64 bit hashes of each row's text. */
  readonly checksum: string;
  /** md5 of columns, constraints and indexes. */
  readonly schema: string;
}

export interface DatabaseFingerprint {
  readonly tables: readonly TableFingerprint[];
}

export interface DatabaseFingerprintOptions {
  /** Tables that change by themselves: `public.dr_heartbeat`, or a whole schema: `dr.*`. */
  readonly exclude?: readonly string[];
}

/** A row's text depends on these; pg_dump sets them for the same reason. */
const SETTINGS = `
  set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
  set local extra_float_digits = 1; set local bytea_output = 'hex'; set local statement_timeout = 0`;

/** A materialized view that was made WITH NO DATA has no rows, and refuses to be asked for them. */
const TABLES = `
  select n.nspname as schema, c.relname as name,
    md5(coalesce((select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull, ',' order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '')
      || coalesce((select string_agg(pg_get_constraintdef(k.oid), ',' order by k.conname)
        from pg_constraint k where k.conrelid = c.oid), '')
      || coalesce((select string_agg(pg_get_indexdef(i.indexrelid), ',' order by i.indexrelid::regclass::text)
        from pg_index i where i.indrelid = c.oid), '')) as definition
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and c.relispopulated and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  order by 1, 2`;

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** All tables in one snapshot, so that a database that is written to gives one moment. Reads every row. */
export async function databaseFingerprint(
  client: ClientBase,
  options: DatabaseFingerprintOptions = {},
): Promise<DatabaseFingerprint> {
  await client.query('begin isolation level repeatable read read only');
  try {
    await client.query(SETTINGS);
    const found = await client.query<{ schema: string; name: string; definition: string }>(TABLES);
    const tables: TableFingerprint[] = [];
    for (const { schema, name, definition } of found.rows) {
      if (options.exclude?.some((left) => left === `${schema}.${name}` || left === `${schema}.*`)) continue;
      const { rows } = await client.query<{ rows: string; checksum: string }>(
        `select count(*) as rows, coalesce(sum(hashtextextended(t::text, 1)::numeric), 0)
           || ':' || coalesce(sum(hashtextextended(t::text, 2)::numeric), 0) as checksum
         from ${quoted(schema)}.${quoted(name)} t`,
      );
      tables.push({
        table: `${schema}.${name}`,
        rows: Number(rows[0]?.rows),
        checksum: rows[0]?.checksum ?? '',
        schema: definition,
      });
    }
    return { tables };
  } finally {
    // After a failed query too: the caller keeps using this connection.
    await client.query('rollback').catch(ignoring('the connection is closed, or its first error says more'));
  }
}

export function compareDatabases(expected: DatabaseFingerprint, actual: DatabaseFingerprint): Difference[] {
  const content = (f: DatabaseFingerprint) =>
    new Map(f.tables.map((t) => [t.table, `${t.rows} ${t.checksum} ${t.schema}`]));
  const find = (f: DatabaseFingerprint, table: string) => f.tables.find((t) => t.table === table);
  return compareItems(content(expected), content(actual), (table) => {
    const [was, is] = [find(expected, table), find(actual, table)];
    if (was?.schema !== is?.schema && was && is) return 'other columns, constraints or indexes';
    return `${was ? `${was.rows} rows` : 'not there'}, now ${is ? `${is.rows} rows` : 'not there'}`;
  });
}
