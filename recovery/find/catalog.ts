/** Which table a file or an oid of the WAL is: as the live server says, or the copy before. */
import type pg from 'pg';

export interface Relation {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
  /** `table`, `toast` (long values of a table), `other`: an index, a sequence, a view. */
  readonly kind: 'table' | 'toast' | 'other';
  /** Schema and name of the partitioned table that it is a part of. */
  readonly root?: { readonly schema: string; readonly name: string };
}

/** Keys are `<database oid>/<file>` and `<database oid>/<oid>`. */
export interface Relations {
  readonly byFile: ReadonlyMap<string, Relation>;
  readonly byOid: ReadonlyMap<string, Relation>;
}

interface Row {
  readonly oid: string;
  readonly file: string | null;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly root_schema: string | null;
  readonly root_name: string | null;
}

const QUERY = `
  SELECT c.oid::text AS oid, pg_relation_filenode(c.oid)::text AS file, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
    rn.nspname AS root_schema, r.relname AS root_name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class r ON c.relispartition AND r.oid = pg_partition_root(c.oid)
    LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace`;

function kindOf(kind: string): Relation['kind'] {
  if (kind === 'r' || kind === 'p' || kind === 'm') return 'table';
  return kind === 't' ? 'toast' : 'other';
}

/** All relations of the session's database. */
export async function relationsOf(client: pg.Client): Promise<Relations> {
  const { rows: named } = await client.query<{ oid: string; name: string }>(
    'SELECT oid::text AS oid, datname AS name FROM pg_database WHERE datname = current_database()',
  );
  const [database] = named;
  const { rows } = await client.query<Row>(QUERY);
  const byFile = new Map<string, Relation>();
  const byOid = new Map<string, Relation>();
  for (const row of rows) {
    const { schema, name } = row;
    const relation: Relation = {
      database: database?.name ?? '',
      schema,
      name,
      kind: kindOf(row.kind),
      ...(row.root_schema === null || row.root_name === null
        ? {}
        : { root: { schema: row.root_schema, name: row.root_name } }),
    };
    byOid.set(`${database?.oid}/${row.oid}`, relation);
    if (row.file !== null) byFile.set(`${database?.oid}/${row.file}`, relation);
  }
  return { byFile, byOid };
}

export function together(all: readonly Relations[]): Relations {
  return {
    byFile: new Map(all.flatMap(({ byFile }) => [...byFile])),
    byOid: new Map(all.flatMap(({ byOid }) => [...byOid])),
  };
}

/** PostgreSQL's own tables, by oid: what a change of the schema writes to. */
export const CATALOG_TABLES: Readonly<Record<string, string>> = {
  1247: 'types',
  1249: 'columns',
  1255: 'functions',
  1259: 'tables and indexes',
  1260: 'roles',
  1261: 'memberships of roles',
  1262: 'databases',
  2604: 'defaults',
  2606: 'constraints',
  2615: 'schemas',
  2618: 'rules and views',
  2620: 'triggers',
  2964: 'settings of roles and databases',
  3079: 'extensions',
  3256: 'policies',
  3466: 'event triggers',
  826: 'default permissions',
};
/** Files of PostgreSQL's own tables have lower numbers. */
export const FIRST_OF_USERS = 16_384;
