/** The custody log of a collection: who had it, when, and what they did. Each entry is signed and names the digest of the one before. */
import { z } from 'zod';
import type { Layout } from '../../plan/layout.ts';
import { DrError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { documentDigest, type SigningKey, signDocument, verifyDocument } from '../points/signing.ts';
import { ConditionFailed, type ObjectStore } from '../storage/object-store.ts';

const entrySchema = z.object({
  number: z.number().int().min(1),
  at: z.string(),
  by: z.string(),
  host: z.string(),
  what: z.string(),
  /** sha256 of the entry before; empty for the first. */
  previous: z.string(),
  signature: z.object({ key: z.string(), hmacSha256: z.string() }),
});
export type CustodyEntry = z.infer<typeof entrySchema>;

export interface CustodyLog {
  readonly entries: readonly CustodyEntry[];
  /** Entries that are missing, altered, forged or out of order; empty for a log that is whole. */
  readonly faults: readonly string[];
}

export async function readCustody(
  store: ObjectStore,
  layout: Layout,
  id: string,
  keys: readonly SigningKey[],
): Promise<CustodyLog> {
  const objects = await store.list(layout.custodyPrefix(id));
  const entries: CustodyEntry[] = [];
  const faults: string[] = [];
  let previous = '';
  for (const [n, { key }] of objects.entries()) {
    const name = key.slice(layout.custodyPrefix(id).length);
    const body = await store.get(key);
    const parsed = entrySchema.safeParse(parseJson(body?.body.toString('utf8') ?? ''));
    if (!parsed.success) {
      faults.push(`${name} is no entry of a custody log`);
      continue;
    }
    const entry = parsed.data;
    const signature = verifyDocument(entry, keys);
    if (signature !== 'ok')
      faults.push(
        `${name}: ${signature === 'bad' ? 'its signature is wrong' : `it is signed with the unknown key "${entry.signature.key}"`}`,
      );
    if (entry.number !== n + 1 || key !== layout.custody(id, n + 1)) faults.push(`${name}: entry ${n + 1} is missing`);
    else if (entry.previous !== previous) faults.push(`${name}: it does not follow the entry before it`);
    previous = documentDigest(entry);
    entries.push(entry);
  }
  if (objects.length === 0) faults.push('the custody log is empty');
  return { entries, faults };
}

export interface CustodyAct {
  readonly at: Date;
  readonly by: string;
  readonly host: string;
  readonly what: string;
}

const TRIES = 5;

/** Two people may write at once: both entries stand. */
export async function appendCustody(
  store: ObjectStore,
  layout: Layout,
  id: string,
  { at, ...act }: CustodyAct,
  key: SigningKey,
): Promise<void> {
  for (let n = 0; n < TRIES; n += 1) {
    const { entries } = await readCustody(store, layout, id, [key]);
    const last = entries.at(-1);
    const number = (last?.number ?? 0) + 1;
    const body = { number, at: at.toISOString(), ...act, previous: last === undefined ? '' : documentDigest(last) };
    try {
      await store.put(layout.custody(id, number), `${JSON.stringify(signDocument(body, key), undefined, 2)}\n`, {
        kind: 'absent',
      });
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  throw new DrError({
    code: 'CUSTODY-BUSY',
    where: `evidence ${id}`,
    fact: `others wrote to its custody log ${TRIES} times in a row`,
    hint: 'run the same command again',
  });
}
