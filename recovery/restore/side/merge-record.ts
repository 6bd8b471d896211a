/** What a merge keeps in the live database, in a schema of its own: which rows it replaced, and which it wrote. */
import type pg from 'pg';
import { badInput, precondition } from '../../core/errors.ts';
import { quoted } from './copy-tables.ts';

export const MERGE_SCHEMA = 'dr_merge';

export interface MergeRecord {
  readonly id: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'missing' | 'changed';
  readonly columns: readonly string[];
  /** Empty without one. */
  readonly key: readonly string[];
  readonly undone: boolean;
}

/** Not for everybody: the rows are as secret as the table that they are of. */
export async function prepareRecords(client: pg.Client): Promise<void> {
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${MERGE_SCHEMA}`);
  await client.query(`CREATE TABLE IF NOT EXISTS ${MERGE_SCHEMA}.merges (
    id text NOT NULL, part int NOT NULL, at timestamptz NOT NULL DEFAULT now(), by text NOT NULL, source text NOT NULL,
    table_schema text NOT NULL, table_name text NOT NULL, kind text NOT NULL, columns text[] NOT NULL, key text[] NOT NULL,
    rows bigint NOT NULL, undone_at timestamptz, PRIMARY KEY (id, part))`);
}

/** `dr_merge."merge-20261123T020000Z-1 after"` */
export const keptTable = (id: string, part: number, what: 'before' | 'after'): string =>
  `${MERGE_SCHEMA}.${quoted(`${id}-${part} ${what}`)}`;

export interface PartRecord extends MergeRecord {
  readonly part: number;
}

/** Throws `MERGE-UNKNOWN` (exit 2) or `MERGE-UNDONE` (exit 6). */
export async function partsOf(client: pg.Client, id: string): Promise<PartRecord[]> {
  const there = await client.query<{ there: boolean }>(
    `SELECT to_regclass('${MERGE_SCHEMA}.merges') IS NOT NULL AS there`,
  );
  const { rows } = there.rows[0]?.there
    ? await client.query<PartRecord>(
        `SELECT id, part, table_schema AS schema, table_name AS name, kind, columns, key, undone_at IS NOT NULL AS undone
         FROM ${MERGE_SCHEMA}.merges WHERE id = $1 ORDER BY part FOR UPDATE`,
        [id],
      )
    : { rows: [] };
  if (rows.length === 0)
    throw badInput({
      code: 'MERGE-UNKNOWN',
      where: '--undo-merge',
      fact: `this database has no merge "${id}"`,
      hint: `they are listed there: SELECT id, at, table_name, kind, rows, undone_at FROM ${MERGE_SCHEMA}.merges`,
    });
  if (rows.some(({ undone }) => undone))
    throw precondition({
      code: 'MERGE-UNDONE',
      where: '--undo-merge',
      fact: `the merge "${id}" was undone before`,
      hint: 'nothing is left to be done',
    });
  return rows;
}
