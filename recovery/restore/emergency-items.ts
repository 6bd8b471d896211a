/** What an emergency dump has to save of a cluster, and how each thing is called in files and for `--accept-loss`. */
import type pg from 'pg';

export interface Relation {
  readonly schema: string;
  readonly name: string;
  /** Belongs to an extension: pg_dump leaves its rows to the extension. */
  readonly ofExtension: boolean;
}

const DATABASES = 'SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1';

/** Rows lie in ordinary tables and in the partitions; a partitioned table itself holds none. */
const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name,
    EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS "ofExtension"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
  ORDER BY 1, 2`;

const SEQUENCES = `
  SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_temp%'
  ORDER BY 1, 2`;

export async function databasesOf(client: pg.Client): Promise<string[]> {
  return (await client.query<{ name: string }>(DATABASES)).rows.map(({ name }) => name);
}

export async function tablesOf(client: pg.Client): Promise<Relation[]> {
  return (await client.query<Relation>(TABLES)).rows;
}

export async function countLargeObjects(client: pg.Client): Promise<number> {
  const sql = 'SELECT count(*)::int AS n FROM pg_largeobject_metadata';
  return (await client.query<{ n: number }>(sql)).rows[0]?.n ?? 0;
}

export interface SequenceValues {
  /** Statements that set them again. */
  readonly sql: string;
  /** Those that can't be read, with the server's words. */
  readonly lost: readonly { readonly name: string; readonly error: string }[];
}

/** Each is read by itself: one that is damaged must not take the others along. */
export async function readSequences(client: pg.Client): Promise<SequenceValues> {
  const { rows } = await client.query<{ schema: string; name: string }>(SEQUENCES);
  const lines: string[] = [];
  const lost: { name: string; error: string }[] = [];
  for (const { schema, name } of rows) {
    const quoted = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
    try {
      const values = await client.query<{ last_value: string; is_called: boolean }>(
        `SELECT last_value, is_called FROM ${quoted}`,
      );
      const [row] = values.rows;
      if (row === undefined) throw new Error('it holds no row');
      lines.push(`SELECT pg_catalog.setval(${client.escapeLiteral(quoted)}, ${row.last_value}, ${row.is_called});`);
    } catch (error) {
      lost.push({ name: `${schema}.${name}`, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return { sql: `${lines.join('\n')}\n`, lost };
}

/** Bytes of a name of a file. */
const LONGEST = 200;

/** Pure. Plain names stay readable; each other byte is written as `%2F`, so that no two names meet. */
function plainPart(name: string): string {
  return [...Buffer.from(name, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[\w$ -]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/**
 * Pure: the name of a relation's file, without its ending. `public.orders`; `public.a%2Fb` for a table with a slash in its name.
 * @param number Tells names apart that are too long for a file.
 */
export function fileNameOf({ schema, name }: Pick<Relation, 'schema' | 'name'>, number: number): string {
  const whole = `${plainPart(schema)}.${plainPart(name)}`;
  return whole.length <= LONGEST ? whole : `${whole.slice(0, LONGEST)}~${number}`;
}

/** Pure: a folder's name for a database. */
export function folderNameOf(database: string): string {
  return plainPart(database).slice(0, LONGEST);
}

/** Pure: a pattern of pg_dump that only this relation matches. */
export function patternOf({ schema, name }: Pick<Relation, 'schema' | 'name'>): string {
  const quoted = (part: string) => `"${part.replaceAll('"', '""')}"`;
  return `${quoted(schema)}.${quoted(name)}`;
}
