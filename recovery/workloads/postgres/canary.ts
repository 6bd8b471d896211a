/**
 * Canary rows: each backup writes one whose content proves itself, and the point remembers their digest. A restore whose engine ended
 * 0 and whose rows are wrong is found by them.
 */
import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';

export interface CanaryFacts {
  readonly lastId: number;
  readonly rows: number;
  /** sha256 over the rows up to `lastId`, in order. */
  readonly digest: string;
}

const TABLE = 'dr.canary';

const MAKE = `
  CREATE SCHEMA IF NOT EXISTS dr;
  CREATE TABLE IF NOT EXISTS ${TABLE} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, planted timestamptz NOT NULL DEFAULT now(),
    run text NOT NULL, content text NOT NULL, digest text NOT NULL);
  COMMENT ON TABLE ${TABLE} IS 'Written by each backup, compared after each restore. Do not edit.'`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface CanaryRow {
  readonly id: number;
  readonly content: string;
  readonly digest: string;
}

async function readRows(client: pg.Client, lastId: number): Promise<CanaryRow[]> {
  const { rows } = await client.query<{ id: string; content: string; digest: string }>(
    `SELECT id, content, digest FROM ${TABLE} WHERE id <= $1 ORDER BY id`,
    [lastId],
  );
  return rows.map((row) => ({ ...row, id: Number(row.id) }));
}

function summarize(rows: readonly CanaryRow[], lastId: number): CanaryFacts {
  const text = rows.map((row) => `${row.id} ${row.content} ${row.digest}`).join('\n');
  return { lastId, rows: rows.length, digest: sha256(text) };
}

async function isMade(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [TABLE]);
  return rows[0]?.there === true;
}

/** Writes one more row (making the schema `dr` where it is missing) and gives the facts of all of them. */
export async function plantCanary(client: pg.Client, run: string): Promise<CanaryFacts> {
  // An event trigger may forbid every change of a schema, also one that changes nothing.
  if (!(await isMade(client))) await client.query(MAKE);
  const content = `${run} ${randomBytes(48).toString('base64')}`;
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO ${TABLE} (run, content, digest) VALUES ($1, $2, $3) RETURNING id`,
    [run, content, sha256(content)],
  );
  const lastId = Number(rows[0]?.id);
  return summarize(await readRows(client, lastId), lastId);
}

export interface CanaryVerdict {
  readonly rows: number;
  /** What is wrong; empty when all rows are as they were written. */
  readonly problems: readonly string[];
}

/** Pure: all rows in the order of their ids; undefined where there is no such table. */
export function judgeCanary(all: readonly CanaryRow[] | undefined, expected: CanaryFacts | undefined): CanaryVerdict {
  if (all === undefined) {
    return { rows: 0, problems: expected ? [`${TABLE} is missing; the point holds ${expected.rows} rows of it`] : [] };
  }
  const altered = all.filter((row) => sha256(row.content) !== row.digest).map((row) => `row ${row.id} was altered`);
  if (!expected) return { rows: all.length, problems: altered };
  const found = summarize(
    all.filter((row) => row.id <= expected.lastId),
    expected.lastId,
  );
  const count =
    found.rows === expected.rows
      ? []
      : [`${found.rows} rows up to ${expected.lastId}, the point holds ${expected.rows}`];
  const differs = found.digest === expected.digest ? [] : ['the rows differ from those that the point remembers'];
  return { rows: all.length, problems: [...altered, ...count, ...differs] };
}

/** Compares the rows with their own digests, and with what a point remembers of them. */
export async function checkCanary(client: pg.Client, expected: CanaryFacts | undefined): Promise<CanaryVerdict> {
  return judgeCanary((await isMade(client)) ? await readRows(client, Number.MAX_SAFE_INTEGER) : undefined, expected);
}
