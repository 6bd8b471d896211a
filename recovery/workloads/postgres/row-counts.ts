/** What a database holds, in numbers small enough to be kept with a capture and compared later. */
import type pg from 'pg';
import { codeOf, messageOf } from '../../core/errors.ts';
import type { CaptureFacts } from '../../points/point.ts';

/** Counted by reading them; larger tables are estimated from PostgreSQL's own statistics. */
const COUNT_UP_TO_BYTES = 64 * 1024 * 1024;
/** Classes 58 and XX: a file that is not there, a page that is not one. */
const DAMAGE = /^(?:58|XX)/;
const LOCK_NOT_AVAILABLE = '55P03';
const ROWS_PREFIX = 'rows:';

export interface TableCount {
  /** `public.orders` */
  readonly table: string;
  readonly rows: number;
}

export interface RowCounts {
  readonly tables: readonly TableCount[];
  /** Roles with SUPERUSER besides the bootstrap one. */
  readonly superusers: readonly string[];
  /** Tables that can't be read, with the server's words. */
  readonly damage: readonly string[];
  /** Tables that somebody else has locked: whether they hold their rows is unknown, and nobody waits for it. */
  readonly locked: readonly string[];
}

/** No size of a table that is locked exclusively, or that somebody waits to lock so: asking for it would wait too. */
const TABLES = `
  WITH locked AS (
    SELECT relation FROM pg_locks
    WHERE mode = 'AccessExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND pid <> pg_backend_pid())
  SELECT n.nspname AS schema, c.relname AS name,
         CASE WHEN c.oid IN (SELECT relation FROM locked) THEN NULL ELSE pg_relation_size(c.oid) END AS bytes,
         greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)::float8 AS estimate
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence = 'p'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dr') AND n.nspname NOT LIKE 'pg\\_%'
  ORDER BY 1, 2`;

interface Listed {
  readonly schema: string;
  readonly name: string;
  /** null: locked. */
  readonly bytes: string | null;
  readonly estimate: number;
}

/** Reads only. Throws what `pg` throws when the catalog itself can't be read. */
export async function readRowCounts(client: pg.Client): Promise<RowCounts> {
  const { rows } = await client.query<Listed>(TABLES);
  const tables: TableCount[] = [];
  const damage: string[] = [];
  const locked: string[] = [];
  for (const { schema, name, bytes, estimate } of rows) {
    const table = `${schema}.${name}`;
    if (bytes === null) {
      locked.push(table);
      continue;
    }
    try {
      const counted = Number(bytes) <= COUNT_UP_TO_BYTES;
      tables.push({ table, rows: counted ? await countRows(client, schema, name) : Math.round(estimate) });
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (code === LOCK_NOT_AVAILABLE) locked.push(table);
      else if (DAMAGE.test(code)) damage.push(`table ${table}: ${messageOf(error)}`);
      else throw error;
    }
  }
  const roles = await client.query<{ rolname: string }>(
    'SELECT rolname FROM pg_roles WHERE rolsuper AND oid <> 10 ORDER BY 1',
  );
  return { tables, damage, locked, superusers: roles.rows.map((role) => role.rolname) };
}

async function countRows(client: pg.Client, schema: string, name: string): Promise<number> {
  const from = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
  const { rows } = await client.query<{ count: string }>(`SELECT count(*) AS count FROM ONLY ${from}`);
  return Number(rows[0]?.count);
}

/** For a capture's facts. */
export function rowCountFacts(counts: RowCounts): Record<string, string | number> {
  const rows = counts.tables.map(({ table, rows: count }) => [`${ROWS_PREFIX}${table}`, count] as const);
  return { superusers: counts.superusers.join(','), ...Object.fromEntries(rows) };
}

/** The tables whose rows a capture has counted: `public.orders`. */
export function rowCountTables(facts: CaptureFacts): string[] {
  return Object.keys(facts).flatMap((fact) => (fact.startsWith(ROWS_PREFIX) ? [fact.slice(ROWS_PREFIX.length)] : []));
}

/** Whether a dump has counted its rows: it names the superusers even of a database without tables. */
export function holdsRowCounts(facts: CaptureFacts | undefined): boolean {
  return typeof facts?.superusers === 'string' || Object.keys(facts ?? {}).some((fact) => fact.startsWith(ROWS_PREFIX));
}

export interface LostTable {
  readonly table: string;
  readonly rowsThen: number;
  /** Undefined: the table is missing. */
  readonly rowsNow: number | undefined;
}

/** Tables that are missing, or lost more than half of the rows that the capture counted. */
export function lostTables(counts: RowCounts, before: CaptureFacts): LostTable[] {
  const now = new Map(counts.tables.map(({ table, rows }) => [table, rows]));
  const damaged = counts.damage.map((fact) => fact.split(' ')[1]?.replace(/:$/, ''));
  const unreadable = new Set([...damaged, ...counts.locked]);
  return Object.entries(before).flatMap(([fact, rowsThen]) => {
    if (!fact.startsWith(ROWS_PREFIX) || typeof rowsThen !== 'number' || rowsThen === 0) return [];
    const table = fact.slice(ROWS_PREFIX.length);
    const rowsNow = now.get(table);
    const lost = rowsNow === undefined ? !unreadable.has(table) : rowsNow * 2 < rowsThen;
    return lost ? [{ table, rowsThen, rowsNow }] : [];
  });
}

/** Superusers that the capture doesn't name. Without a capture nothing can be said, unless there is only the bootstrap one. */
export function unknownSuperusers(counts: RowCounts, before: CaptureFacts | undefined): string[] {
  const known = before?.superusers;
  if (typeof known !== 'string') return [];
  const names = new Set(known.split(','));
  return counts.superusers.filter((name) => !names.has(name));
}
