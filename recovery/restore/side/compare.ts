/** What differs between a restored table and the live one. Both are read in the order of their keys; neither is kept in memory. */
import type pg from 'pg';
import type { Site } from '../../config/site.ts';
import { badInput } from '../../core/errors.ts';
import { type TableName, tableText } from '../dump-list.ts';
import { quoted, rowsIn, sqlName } from './copy-tables.ts';
import { between, type TwoDatabases } from './sessions.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
  /** Computed from others: never written. */
  readonly generated: boolean;
  /** GENERATED ALWAYS AS IDENTITY: it is written with a new row, and never changed. */
  readonly fixed: boolean;
}

export interface TableShape {
  readonly columns: readonly Column[];
  /** Names of the columns of the primary key, or of a unique index over columns that are never NULL; undefined without one. */
  readonly key: readonly string[] | undefined;
}

export interface Compared {
  readonly table: string;
  /** Undefined: rows are compared as a whole. */
  readonly key: readonly string[] | undefined;
  /** False: the live database has no such table. */
  readonly live: boolean;
  readonly restoredRows: number;
  readonly liveRows: number;
  readonly same: number;
  /** Restored, and not in the live table. */
  readonly missing: number;
  /** In both, with other values. */
  readonly changed: number;
  /** In the live table alone. */
  readonly added: number;
  readonly samples: {
    readonly missing: readonly string[];
    readonly changed: readonly string[];
    readonly added: readonly string[];
  };
  /** Columns that only one of the two has, or with another type: they are not compared. */
  readonly otherColumns: readonly string[];
}

const SHAPE = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' AS generated,
    a.attidentity = 'a' AS fixed
  FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;
const KEY = `
  SELECT (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey::int[]) WITH ORDINALITY k(num, n)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num WHERE k.n <= i.indnkeyatts) AS columns
  FROM pg_index i WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
    AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey::int[]) k(num) JOIN pg_attribute a ON a.attrelid = i.indrelid
      AND a.attnum = k.num WHERE NOT a.attnotnull)
  ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1`;

/** Undefined where the session's database has no such table. */
export async function shapeOf(client: pg.Client, table: TableName): Promise<TableShape | undefined> {
  const name = sqlName(table);
  const there = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [name]);
  if (there.rows[0]?.there !== true) return undefined;
  const { rows: columns } = await client.query<Column>(SHAPE, [name]);
  const { rows: keys } = await client.query<{ columns: string[] }>(KEY, [name]);
  return { columns, key: keys[0]?.columns };
}

/** Columns that both have with the same type; generated ones follow from the others. */
export function commonColumns(restored: TableShape, live: TableShape): { common: string[]; other: string[] } {
  const isSame = (column: Column): boolean =>
    live.columns.some(({ name, type }) => name === column.name && type === column.type);
  const written = restored.columns.filter(({ generated }) => !generated);
  const common = written.filter(isSame).map(({ name }) => name);
  const all = [...restored.columns, ...live.columns].filter(({ generated }) => !generated).map(({ name }) => name);
  return { common, other: [...new Set(all)].filter((name) => !common.includes(name)) };
}

/** The key that both have, with columns that are compared. */
export function commonKey(
  restored: TableShape,
  live: TableShape,
  common: readonly string[],
): readonly string[] | undefined {
  const key = live.key ?? restored.key;
  return key?.every((name) => common.includes(name)) === true ? key : undefined;
}

interface Line {
  readonly key: Buffer;
  readonly text: string;
  readonly digest: string;
}

const AT_A_TIME = 5000;

/** Rows by key: in the order of the key's bytes, which is the same on every server. */
async function* linesOf(
  client: pg.Client,
  table: TableName,
  { columns, key }: { readonly columns: readonly string[]; readonly key: readonly string[] | undefined },
): AsyncGenerator<Line> {
  const whole = `ROW(${columns.map(quoted).join(', ')})::text`;
  // A row of text is unambiguous: what is in a value is quoted in it.
  const by = key === undefined ? whole : `ROW(${key.map((name) => `${quoted(name)}::text`).join(', ')})::text`;
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.query(
    `DECLARE dr_rows NO SCROLL CURSOR FOR SELECT k, md5(w) AS digest FROM (SELECT ${by} AS k, ${whole} AS w FROM ${sqlName(table)}) r ORDER BY k COLLATE "C"`,
  );
  for (;;) {
    const { rows } = await client.query<{ k: string; digest: string }>(`FETCH ${AT_A_TIME} FROM dr_rows`);
    if (rows.length === 0) break;
    for (const { k, digest } of rows) yield { key: Buffer.from(k), text: k, digest };
  }
  await client.query('COMMIT');
}

const SAMPLES = 5;

class Counter {
  restoredRows = 0;
  liveRows = 0;
  same = 0;
  missing = 0;
  changed = 0;
  added = 0;
  readonly samples = { missing: [] as string[], changed: [] as string[], added: [] as string[] };

  count(kind: 'missing' | 'changed' | 'added', { text }: Line): void {
    this[kind] += 1;
    if (this.samples[kind].length < SAMPLES)
      this.samples[kind].push(text.length > 200 ? `${text.slice(0, 200)}…` : text);
  }
}

async function merge(restored: AsyncGenerator<Line>, live: AsyncGenerator<Line>): Promise<Counter> {
  const counter = new Counter();
  let [a, b] = [await restored.next(), await live.next()];
  for (;;) {
    const [left, right] = [a.done === true ? undefined : a.value, b.done === true ? undefined : b.value];
    if (left === undefined && right === undefined) return counter;
    const order = left === undefined ? 1 : right === undefined ? -1 : Buffer.compare(left.key, right.key);
    if (order <= 0 && left !== undefined) counter.restoredRows += 1;
    if (order >= 0 && right !== undefined) counter.liveRows += 1;
    if (order < 0 && left !== undefined) counter.count('missing', left);
    else if (order > 0 && right !== undefined) counter.count('added', right);
    else if (left !== undefined && left.digest === right?.digest) counter.same += 1;
    else if (left !== undefined) counter.count('changed', left);
    if (order <= 0) a = await restored.next();
    if (order >= 0) b = await live.next();
  }
}

export interface CompareRequest extends TwoDatabases {
  readonly table: TableName;
}

/** Throws `TABLE-UNKNOWN` (exit 2) where the restored database does not have the table. */
export async function compareTable(site: Site, { database, liveDatabase, table }: CompareRequest): Promise<Compared> {
  return between(site, { database, liveDatabase }, async (from, to) => {
    const [restored, live] = [await shapeOf(from, table), await shapeOf(to, table)];
    if (restored === undefined) throw unknownTable(database, table);
    if (live === undefined) return withoutLive(from, table, restored);
    const { common, other } = commonColumns(restored, live);
    const key = commonKey(restored, live, common);
    const shape = { columns: common, key };
    const counter = await merge(linesOf(from, table, shape), linesOf(to, table, shape));
    return { table: tableText(table), key, live: true, ...counter, otherColumns: other };
  });
}

export function unknownTable(database: string, table: TableName) {
  return badInput({
    code: 'TABLE-UNKNOWN',
    where: `database ${database}`,
    fact: `it holds no table ${tableText(table)}`,
    hint: 'restore it there first: dr restore --to before:744 --table schema.table',
  });
}

async function withoutLive(from: pg.Client, table: TableName, { key }: TableShape): Promise<Compared> {
  const restoredRows = await rowsIn(from, table);
  return {
    table: tableText(table),
    key,
    live: false,
    restoredRows,
    ...{ liveRows: 0, same: 0, missing: restoredRows, changed: 0, added: 0 },
    samples: { missing: [], changed: [], added: [] },
    otherColumns: [],
  };
}
