/** Which databases and tables of a server a user may read, and what the tables hold. */
import type pg from 'pg';
import { badInput } from '../../../core/errors.ts';
import { type DumpedTable, tableName } from './inventory.ts';
import { addressOf, type Server } from './server.ts';

/** Belong to the provider of the server. */
const PROVIDERS = ['rdsadmin', 'cloudsqladmin', 'azure_maintenance', 'azure_sys', 'alloydbadmin'];

export interface Database {
  readonly name: string;
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
}

interface Listed extends Database {
  readonly mine: boolean;
}

const DATABASES = `
  SELECT datname AS name, pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding, datcollate AS collate,
         datctype AS ctype, has_database_privilege(oid, 'CONNECT') AS mine
  FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname`;

/** Throws `DATABASE-UNKNOWN` (exit 2) for a name that the server does not have. */
export async function readDatabases(
  client: pg.Client,
  server: Server,
): Promise<{ readonly databases: Database[]; readonly lacking: string[] }> {
  const { rows } = await client.query<Listed>(DATABASES);
  const own = rows.filter(({ name }) => !PROVIDERS.includes(name));
  const named = server.databases;
  const unknown = named?.find((name) => !own.some((each) => each.name === name));
  if (unknown !== undefined) {
    throw badInput({
      code: 'DATABASE-UNKNOWN',
      where: `${server.field}.databases`,
      fact: `${addressOf(server)} has no database "${unknown}"`,
      hint: `it has: ${own.map(({ name }) => name).join(', ')}`,
    });
  }
  const wanted = own.filter(({ name }) => named === undefined || named.includes(name));
  return {
    databases: wanted.filter(({ mine }) => mine).map(({ mine: _, ...database }) => database),
    lacking: wanted.filter(({ mine }) => !mine).map(({ name }) => name),
  };
}

/** Hashed at each dump; of larger tables the rows are counted. */
const HASH_UP_TO_BYTES = 64 * 1024 * 1024;

/** Temporary and unlogged tables come back empty, and those of an extension with it. */
const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name, pg_table_size(c.oid) AS bytes,
         has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
           AND NOT (c.relrowsecurity AND row_security_active(c.oid)) AS mine
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY 1, 2`;

/** Partitioned tables and sequences that can't be read would end pg_dump too. */
const OTHERS = `
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('p', 'S') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT (has_schema_privilege(n.oid, 'USAGE') AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
      ELSE has_table_privilege(c.oid, 'SELECT') END)
  ORDER BY 1, 2`;

export interface Tables {
  readonly readable: readonly { readonly schema: string; readonly name: string; readonly bytes: string }[];
  /** Tables, partitioned ones and sequences that the user may not read. */
  readonly lacking: readonly { readonly schema: string; readonly name: string }[];
}

export async function readTables(client: pg.Client): Promise<Tables> {
  const { rows } = await client.query<{ schema: string; name: string; bytes: string; mine: boolean }>(TABLES);
  const others = await client.query<{ schema: string; name: string }>(OTHERS);
  return {
    readable: rows.filter(({ mine }) => mine),
    lacking: [...rows.filter(({ mine }) => !mine), ...others.rows].map(({ schema, name }) => ({ schema, name })),
  };
}

/** Rows in any order: sums of two 64 bit hashes of each row's text. */
const DIGEST = `coalesce(sum(hashtextextended(t::text, 1)::numeric), 0) || ':' || coalesce(sum(hashtextextended(t::text, 2)::numeric), 0)`;

/** In the transaction of `client`. Reads every row. */
async function countTable(
  client: pg.Client,
  table: { readonly schema: string; readonly name: string },
  withDigest: boolean,
): Promise<DumpedTable> {
  const { schema, name } = table;
  const from = `ONLY ${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)} t`;
  const columns = withDigest ? `count(*) AS rows, ${DIGEST} AS digest` : 'count(*) AS rows';
  const { rows } = await client.query<{ rows: string; digest?: string }>(`SELECT ${columns} FROM ${from}`);
  const { rows: count = '0', digest } = rows[0] ?? {};
  return { schema, name, rows: Number(count), ...(digest === undefined ? {} : { digest }) };
}

export async function countTables(client: pg.Client, { readable }: Tables): Promise<DumpedTable[]> {
  const counted: DumpedTable[] = [];
  for (const table of readable) counted.push(await countTable(client, table, Number(table.bytes) <= HASH_UP_TO_BYTES));
  return counted;
}

/** What differs between the dump and a database that it was loaded into; empty where nothing does. Reads every row. */
export async function differences(client: pg.Client, dumped: readonly DumpedTable[]): Promise<string[]> {
  const { readable } = await readTables(client);
  const found: string[] = [];
  for (const table of dumped) {
    const name = tableName(table);
    if (!readable.some((each) => tableName(each) === name)) {
      found.push(`${name}: is missing`);
      continue;
    }
    const now = await countTable(client, table, table.digest !== undefined);
    if (now.rows !== table.rows) found.push(`${name}: ${now.rows} rows, and ${table.rows} were dumped`);
    else if (now.digest !== table.digest) found.push(`${name}: ${table.rows} rows, and not those that were dumped`);
  }
  return found;
}
