/** Writes restored rows back into the live table: exactly the missing ones, or exactly the changed ones, in one transaction. */
import type pg from 'pg';
import { postgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { badInput, precondition } from '../../core/errors.ts';
import { withClient } from '../../workloads/postgres/server.ts';
import { type TableName, tableText } from '../dump-list.ts';
import { commonColumns, commonKey, shapeOf, unknownTable } from './compare.ts';
import { quoted, sqlName } from './copy-tables.ts';
import { keptTable, MERGE_SCHEMA, partsOf, prepareRecords } from './merge-record.ts';
import { between } from './sessions.ts';
import { withoutTriggers } from './triggers.ts';

export interface MergeRequest {
  /** `merge-20261123T020000Z` */
  readonly id: string;
  readonly by: string;
  readonly kind: 'missing' | 'changed';
  readonly database: string;
  readonly liveDatabase: string;
  readonly tables: readonly TableName[];
  /** Transactions of the mistake: of changed rows only those that they wrote last are written back. Empty: all. */
  readonly xids: readonly string[];
}

export interface Merged {
  readonly table: string;
  readonly rows: number;
  /** Rows that somebody has changed after the mistake: they stay as they are. */
  readonly left: number;
}

interface Part {
  readonly request: MergeRequest;
  readonly number: number;
  readonly table: TableName;
  readonly columns: readonly string[];
  /** Columns that an existing row may get. */
  readonly writable: readonly string[];
  readonly key: readonly string[] | undefined;
}

const AT_A_TIME = 2000;
const list = (names: readonly string[], of = ''): string => names.map((name) => `${of}${quoted(name)}`).join(', ');
const rowText = (names: readonly string[], of: string): string => `ROW(${list(names, `${of}.`)})::text`;
const sameKey = (key: readonly string[], a: string, b: string): string =>
  key.map((name) => `${a}.${quoted(name)} = ${b}.${quoted(name)}`).join(' AND ');

async function partOf(from: pg.Client, to: pg.Client, request: MergeRequest, number: number): Promise<Part> {
  const table = request.tables[number] ?? { schema: '', name: '' };
  const [restored, live] = [await shapeOf(from, table), await shapeOf(to, table)];
  if (restored === undefined) throw unknownTable(request.database, table);
  if (live === undefined)
    throw precondition({
      code: 'TABLE-GONE',
      where: `database ${request.liveDatabase}`,
      fact: `it has no table ${tableText(table)} that rows could be written into`,
      hint: 'bring it back whole, with its definition: the same command with --merge missing',
    });
  const { common: columns } = commonColumns(restored, live);
  const key = commonKey(restored, live, columns);
  if (key === undefined && request.kind === 'changed')
    throw badInput({
      code: 'MERGE-NO-KEY',
      where: tableText(table),
      fact: 'the table has no primary key and no unique index that is never NULL: no row can be told from another',
      hint: 'rows that are missing can be written back: --merge missing; look at the rest with --compare',
    });
  const fixed = new Set(live.columns.filter((column) => column.fixed).map(({ name }) => name));
  const writable = columns.filter((name) => key?.includes(name) !== true && !fixed.has(name));
  return { request, number: number + 1, table, columns, writable, key };
}

/** The restored rows beside the live table, for as long as the transaction takes. */
async function stage(from: pg.Client, to: pg.Client, { table, columns, number }: Part): Promise<string> {
  const name = `dr_stage_${number}`;
  await to.query(
    `CREATE TEMP TABLE ${name} ON COMMIT DROP AS SELECT ${list(columns)} FROM ${sqlName(table)} WITH NO DATA`,
  );
  await from.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await from.query(
    `DECLARE dr_rows NO SCROLL CURSOR FOR SELECT ${rowText(columns, 't')} AS r FROM ${sqlName(table)} t`,
  );
  for (;;) {
    const { rows } = await from.query<{ r: string }>(`FETCH ${AT_A_TIME} FROM dr_rows`);
    if (rows.length === 0) break;
    // As text, which each type reads back as it was.
    await to.query(
      `INSERT INTO ${name} SELECT (r).* FROM (SELECT x::pg_temp.${name} AS r FROM unnest($1::text[]) x OFFSET 0) s`,
      [rows.map(({ r }) => r)],
    );
  }
  await from.query('COMMIT');
  await to.query(`ANALYZE ${name}`);
  return name;
}

async function writeMissing(to: pg.Client, part: Part, staged: string): Promise<Merged> {
  const { request, table, columns, key, number } = part;
  const after = keptTable(request.id, number, 'after');
  const live = sqlName(table);
  const numbered = (of: string, what: string): string =>
    `SELECT ${what}, ${rowText(columns, 't')} AS dr_text, row_number() OVER (PARTITION BY ${rowText(columns, 't')}) AS dr_n FROM ${of} t`;
  const missing =
    key === undefined
      ? `SELECT ${list(columns)} FROM (${numbered(staged, 't.*')}) a WHERE NOT EXISTS (
           SELECT 1 FROM (${numbered(live, '1 AS dr_one')}) b WHERE b.dr_text = a.dr_text AND b.dr_n = a.dr_n)`
      : `SELECT ${list(columns, 's.')} FROM ${staged} s WHERE NOT EXISTS (SELECT 1 FROM ${live} l WHERE ${sameKey(key, 'l', 's')})`;
  await to.query(`CREATE TABLE ${after} AS ${missing}`);
  const names = list(columns);
  const { rowCount } = await to.query(
    `INSERT INTO ${live} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM ${after}`,
  );
  return { table: tableText(table), rows: rowCount ?? 0, left: 0 };
}

async function writeChanged(to: pg.Client, part: Part, staged: string): Promise<Merged> {
  const { request, table, columns, writable, key = [], number } = part;
  const [before, after] = [keptTable(request.id, number, 'before'), keptTable(request.id, number, 'after')];
  const live = sqlName(table);
  const differing = `${live} l JOIN ${staged} s ON ${sameKey(key, 'l', 's')} WHERE ${rowText(columns, 'l')} <> ${rowText(columns, 's')}`;
  const mine = request.xids.length === 0 ? '' : ' AND l.xmin::text = ANY($1)';
  const all = await to.query<{ n: string }>(`SELECT count(*) AS n FROM ${differing}`);
  const values = request.xids.length === 0 ? [] : [request.xids];
  // No parameter can stand in CREATE TABLE AS: the table is made empty first.
  await to.query(`CREATE TABLE ${before} AS SELECT ${list(columns)} FROM ${live} WITH NO DATA`);
  await to.query(`INSERT INTO ${before} SELECT ${list(columns, 'l.')} FROM ${differing}${mine}`, values);
  await to.query(`CREATE TABLE ${after} AS SELECT s.* FROM ${staged} s JOIN ${before} b ON ${sameKey(key, 's', 'b')}`);
  const set = writable.map((name) => `${quoted(name)} = a.${quoted(name)}`).join(', ');
  const { rowCount } =
    set === ''
      ? { rowCount: 0 }
      : await to.query(`UPDATE ${live} l SET ${set} FROM ${after} a WHERE ${sameKey(key, 'l', 'a')}`);
  const rows = rowCount ?? 0;
  return { table: tableText(table), rows, left: Number(all.rows[0]?.n) - rows };
}

/** Ids that come back must not be given out again. Not undone: a gap in a sequence is no harm. */
async function raiseSequences(to: pg.Client, { table, columns }: Part): Promise<void> {
  for (const column of columns) {
    const { rows } = await to.query<{ seq: string | null }>('SELECT pg_get_serial_sequence($1, $2) AS seq', [
      sqlName(table),
      column,
    ]);
    const seq = rows[0]?.seq;
    if (seq === null || seq === undefined) continue;
    await to.query(
      `SELECT setval($1::regclass, m.most) FROM (SELECT max(${quoted(column)})::bigint AS most FROM ${sqlName(table)}) m, ${seq} s WHERE m.most > s.last_value`,
      [seq],
    );
  }
}

/** All tables or none. Throws `TABLE-GONE` (exit 6), `MERGE-NO-KEY` (exit 2), `POSTGRES-BUSY`, and what a constraint says. */
export async function mergeTables(site: Site, request: MergeRequest): Promise<Merged[]> {
  const { database, liveDatabase, kind, id, by, tables } = request;
  return between(site, { database, liveDatabase }, async (from, to) => {
    const parts: Part[] = [];
    for (const n of tables.keys()) parts.push(await partOf(from, to, request, n));
    await to.query('BEGIN');
    await prepareRecords(to);
    const merged: Merged[] = [];
    for (const part of parts) {
      await to.query(`LOCK TABLE ${sqlName(part.table)} IN SHARE ROW EXCLUSIVE MODE`);
      const staged = await stage(from, to, part);
      const write = kind === 'missing' ? writeMissing : writeChanged;
      const done = await withoutTriggers(to, part.table, () => write(to, part, staged));
      if (kind === 'missing') await raiseSequences(to, part);
      const { schema, name } = part.table;
      await to.query(
        `INSERT INTO ${MERGE_SCHEMA}.merges (id, part, by, source, table_schema, table_name, kind, columns, key, rows)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [id, part.number, by, database, schema, name, kind, part.columns, part.key ?? [], done.rows],
      );
      merged.push(done);
    }
    await to.query('COMMIT');
    return merged;
  });
}

/** The tables of a merge that can be undone, before anybody is asked. Throws as `undoMerge`. */
export async function tablesToUndo(site: Site, id: string, liveDatabase: string): Promise<string[]> {
  const ask = async (client: pg.Client) => (await partsOf(client, id)).map(tableText);
  return withClient(site, postgresSettings(site.environment), ask, { database: liveDatabase });
}

/** Rows that were changed after the merge stay as they are, and are counted. */
export async function undoMerge(site: Site, id: string, liveDatabase: string): Promise<Merged[]> {
  return withClient(
    site,
    postgresSettings(site.environment),
    async (to) => {
      await to.query('BEGIN');
      const undone: Merged[] = [];
      for (const record of await partsOf(to, id)) {
        const { part, columns, key, kind } = record;
        const live = sqlName(record);
        await to.query(`LOCK TABLE ${live} IN SHARE ROW EXCLUSIVE MODE`);
        const [before, after] = [keptTable(id, part, 'before'), keptTable(id, part, 'after')];
        const total = await to.query<{ n: string }>(`SELECT count(*) AS n FROM ${after}`);
        const rows = await withoutTriggers(to, record, async () => {
          const same = `${rowText(columns, 'l')} = ${rowText(columns, 'a')}`;
          if (kind === 'missing' && key.length > 0)
            return to.query(`DELETE FROM ${live} l USING ${after} a WHERE ${sameKey(key, 'l', 'a')} AND ${same}`);
          if (kind === 'missing') return to.query(withoutKey(live, after, columns));
          const set = columns
            .filter((name) => !key.includes(name))
            .map((name) => `${quoted(name)} = b.${quoted(name)}`);
          return to.query(
            `UPDATE ${live} l SET ${set.join(', ')} FROM ${after} a, ${before} b
             WHERE ${sameKey(key, 'l', 'a')} AND ${sameKey(key, 'b', 'a')} AND ${same}`,
          );
        });
        const count = rows.rowCount ?? 0;
        undone.push({ table: tableText(record), rows: count, left: Number(total.rows[0]?.n) - count });
      }
      await to.query(`UPDATE ${MERGE_SCHEMA}.merges SET undone_at = now() WHERE id = $1`, [id]);
      await to.query('COMMIT');
      return undone;
    },
    { database: liveDatabase, long: true },
  );
}

/** Deletes as many of several equal rows as were written. */
function withoutKey(live: string, after: string, columns: readonly string[]): string {
  const numbered = (of: string, what: string): string =>
    `SELECT ${what} ${rowText(columns, 't')} AS dr_text, row_number() OVER (PARTITION BY ${rowText(columns, 't')}) AS dr_n FROM ${of} t`;
  return `DELETE FROM ${live} l USING (${numbered(live, 't.ctid AS dr_place, t.tableoid AS dr_table,')}) x
    JOIN (${numbered(after, '')}) a ON a.dr_text = x.dr_text AND a.dr_n = x.dr_n
    WHERE l.ctid = x.dr_place AND l.tableoid = x.dr_table`;
}
