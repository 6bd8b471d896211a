/**
 * Canary rows. Each holds its own digest; row 0 holds the number of the others and the digest of all their digests. They reveal wrong data
 * without a copy to compare with, and where the engine reported success.
 */
import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { z } from 'zod';
import { parseJson } from '../recovery/core/json.ts';

const CANARY_TABLE = 'dr_canary';

export interface CanaryResult {
  /** False when the table is missing. */
  readonly present: boolean;
  /** Rows without row 0. */
  readonly rows: number;
  /** Empty when all rows are unchanged. */
  readonly violations: readonly { readonly id: number; readonly fact: string }[];
}

const summarySchema = z.object({ rows: z.number(), digest: z.string() });

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface CanaryRow {
  readonly id: number;
  readonly content: string;
  readonly digest: string;
}

/** Pure: what is wrong with these rows, given in order of their ids. */
function canaryViolations(rows: readonly CanaryRow[]): { id: number; fact: string }[] {
  const wrong = rows
    .filter((row) => sha256(`${row.id}:${row.content}`) !== row.digest)
    .map(({ id }) => ({ id, fact: 'its content does not match its digest' }));
  const [summary, ...others] = rows;
  if (summary?.id !== 0) return [...wrong, { id: 0, fact: 'the row that counts the others is missing' }];
  const stated = summarySchema.safeParse(parseJson(summary.content)).data;
  if (stated === undefined) {
    return [...wrong, { id: 0, fact: 'the row that counts the others can’t be read' }];
  }
  if (stated.rows !== others.length)
    return [...wrong, { id: 0, fact: `row 0 counts ${stated.rows} rows, and there are ${others.length}` }];
  const together = sha256(others.map((row) => row.digest).join(','));
  return stated.digest === together ? wrong : [...wrong, { id: 0, fact: 'the rows do not match the digest in row 0' }];
}

export async function checkCanaries(client: ClientBase): Promise<CanaryResult> {
  const found = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [CANARY_TABLE]);
  if (!found.rows[0]?.there) return { present: false, rows: 0, violations: [] };
  const { rows } = await client.query<CanaryRow>(`select id, content, digest from ${CANARY_TABLE} order by id`);
  return { present: true, rows: rows.filter((row) => row.id !== 0).length, violations: canaryViolations(rows) };
}
