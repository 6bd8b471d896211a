/** What good days have measured: one JSON line for each probe and day in `<stateDir>/performance.jsonl`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ifAbsent } from '../../core/absent.ts';
import { makePassableFolder } from '../../core/account.ts';
import { appendFile } from '../../core/files/writes.ts';
import { parseJson } from '../../core/json.ts';

const recordSchema = z.object({
  at: z.iso.datetime(),
  probe: z.string(),
  median: z.number().nonnegative(),
  p95: z.number().nonnegative(),
  samples: z.number().int().positive(),
});
export type BaselineRecord = z.infer<typeof recordSchema>;

const fileOf = (stateDir: string): string => join(stateDir, 'performance.jsonl');

/** Oldest first; torn and unknown lines are left out. */
export async function readBaseline(stateDir: string): Promise<BaselineRecord[]> {
  const text = await readFile(fileOf(stateDir), 'utf8').catch(ifAbsent(''));
  const records = text.split('\n').flatMap((line) => recordSchema.safeParse(parseJson(line)).data ?? []);
  return records.sort((a, b) => a.at.localeCompare(b.at));
}

export async function recordBaseline(stateDir: string, records: readonly BaselineRecord[]): Promise<void> {
  await makePassableFolder(stateDir);
  // A new line first: the last one may be torn.
  const lines = records.map((record) => `\n${JSON.stringify(recordSchema.parse(record))}\n`).join('');
  await appendFile(fileOf(stateDir), lines, { mode: 0o600 });
}
