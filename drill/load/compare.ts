/** Compares acknowledged writes with the recovered stores: the measured RPO. */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { LEDGER_KINDS, type LedgerEntry, type LedgerKind } from './ledger.ts';
import { md5, STREAM_KEY } from './load.ts';

export interface KindComparison {
  readonly kind: LedgerKind;
  /** Writes acknowledged until `upTo`. */
  readonly acknowledged: number;
  readonly found: number;
  /** Ids, in order of acknowledgement. */
  readonly missing: readonly string[];
  /** Present with another content. */
  readonly corrupted: readonly string[];
  /**
   * Seconds of lost writes: from the last acknowledgement before the first lost write (or that write's own, if it is the first) to the
   * disaster. 0 when nothing was lost.
   */
  readonly lostSeconds: number;
  /** Writes acknowledged after `upTo`, which the recovery need not hold. */
  readonly beyond: { readonly acknowledged: number; readonly found: number };
}

export interface LedgerComparison {
  readonly kinds: readonly KindComparison[];
}

export interface CompareOptions {
  readonly entries: readonly LedgerEntry[];
  /** Kinds of an absent store are skipped. */
  readonly postgres?: pg.ClientBase;
  readonly redis?: Redis;
  readonly disasterAt: Date;
  /** Compare only what was acknowledged until then. @default everything */
  readonly upTo?: Date | undefined;
}

/** Id → digest of the recovered content. */
type Present = ReadonlyMap<string, string>;

async function presentRows(client: pg.ClientBase, sql: string, entries: readonly LedgerEntry[]): Promise<Present> {
  const { rows } = await client.query<{ id: string; digest: string }>(sql, [entries.map((entry) => entry.id)]);
  return new Map(rows.map((row) => [row.id, row.digest]));
}

const ORDERS = `select reference::text as id, md5(concat_ws('|', reference, account_id, total_cents, note)) as digest
  from orders where reference = any($1::uuid[])`;
const PAYMENTS = `select reference::text as id, md5(concat_ws('|', reference, amount_cents, provider->>'auth')) as digest
  from payments where reference = any($1::uuid[])`;

async function presentCarts(redis: Redis, entries: readonly LedgerEntry[]): Promise<Present> {
  const notes = await Promise.all(entries.map((entry) => redis.hget(entry.id, 'note')));
  return new Map(
    entries.flatMap(({ id }, i) => {
      const note = notes[i];
      return note == null ? [] : [[id, md5(note)] as const];
    }),
  );
}

async function presentStream(redis: Redis): Promise<Present> {
  const entries = await redis.xrange(STREAM_KEY, '-', '+');
  return new Map(entries.map(([id, fields]) => [id, md5(`${fields[1]}|${fields[3]}`)]));
}

export interface KindFacts extends Pick<CompareOptions, 'disasterAt' | 'upTo'> {
  readonly kind: LedgerKind;
  /** Of this kind, in order of acknowledgement. */
  readonly entries: readonly LedgerEntry[];
  readonly present: Present;
}

/** Pure. */
export function compareKind({ kind, entries, present, disasterAt, upTo }: KindFacts): KindComparison {
  const limit = upTo?.toISOString();
  const expected = entries.filter((entry) => limit === undefined || entry.at <= limit);
  const later = entries.slice(expected.length);
  const missing = expected.filter((entry) => !present.has(entry.id));
  const corrupted = expected.filter((entry) => present.has(entry.id) && present.get(entry.id) !== entry.digest);
  const firstLost = missing[0];
  let lostSeconds = 0;
  if (firstLost) {
    const survivor = expected[expected.indexOf(firstLost) - 1] ?? firstLost;
    lostSeconds = (disasterAt.getTime() - Date.parse(survivor.at)) / 1000;
  }
  return {
    kind,
    acknowledged: expected.length,
    found: expected.length - missing.length,
    missing: missing.map((entry) => entry.id),
    corrupted: corrupted.map((entry) => entry.id),
    lostSeconds,
    beyond: { acknowledged: later.length, found: later.filter((entry) => present.has(entry.id)).length },
  };
}

export async function compareLedger(options: CompareOptions): Promise<LedgerComparison> {
  const { postgres, redis, disasterAt, upTo } = options;
  const of = (kind: LedgerKind): LedgerEntry[] => options.entries.filter((entry) => entry.kind === kind);
  const present: Record<LedgerKind, (() => Promise<Present>) | undefined> = {
    order: postgres && (() => presentRows(postgres, ORDERS, of('order'))),
    payment: postgres && (() => presentRows(postgres, PAYMENTS, of('payment'))),
    cart: redis && (() => presentCarts(redis, of('cart'))),
    stream: redis && (() => presentStream(redis)),
  };
  const kinds: KindComparison[] = [];
  for (const kind of LEDGER_KINDS) {
    const read = present[kind];
    if (read) kinds.push(compareKind({ kind, entries: of(kind), present: await read(), disasterAt, upTo }));
  }
  return { kinds };
}
