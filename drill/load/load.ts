/** The load generator: orders, pays and fills carts while backups run and disasters strike, and keeps a ledger of acknowledged writes. */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { ignoring } from '../../recovery/core/absent.ts';
import { firstRow } from '../platform/postgres.ts';
import { type LedgerEntry, LedgerWriter } from './ledger.ts';

export interface LoadOptions {
  /** Opens a connection for each worker; the load closes it. */
  readonly postgres: () => Promise<pg.Client>;
  readonly redis: () => Promise<Redis>;
  /** Appended to: several loads may share one ledger. */
  readonly ledgerFile: string;
  /** @default 2 */
  readonly workers?: number;
  /** Per worker: enough that each backup has writes of its own, and far below what two CPUs can do. @default 40 */
  readonly transactionsPerSecond?: number;
}

export interface LoadSummary {
  readonly acknowledged: number;
  readonly firstAck?: Date;
  readonly lastAck?: Date;
  /** The error that ended it, if not `stop`: a store that died. */
  readonly died?: string;
}

export interface Load {
  readonly acknowledged: number;
  /** Resolves after `stop`, or when every worker has failed on a dead store. The ledger is then on disk. */
  readonly ended: Promise<LoadSummary>;
  stop(): Promise<LoadSummary>;
  /** Returns after `count` more acknowledged writes, or when the load has ended. */
  more(count: number): Promise<void>;
}

function orderDigest(reference: string, accountId: number, totalCents: number, note: string): string {
  return md5([reference, accountId, totalCents, note].join('|'));
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

export const CART_PREFIX = 'cart:load:';
export const STREAM_KEY = 'orders:load';

const INSERT_ORDER = `insert into orders (reference, account_id, status, total_cents, note, placed_at)
  values ($1, $2, 'placed', $3, $4, now()) returning id, pg_current_wal_insert_lsn()::text as lsn`;
const INSERT_PAYMENT = `insert into payments (reference, order_id, amount_cents, method, provider, paid_at)
  values ($1, $2, $3, 'card', $4, now())`;

/** One order with its payment in one transaction. */
async function placeOrder(client: pg.Client, random: number): Promise<Omit<LedgerEntry, 'at'>[]> {
  const [reference, payment, note] = [randomUUID(), randomUUID(), randomUUID()];
  const account = 1 + (random % 40);
  const total = 300 + (random % 2_000);
  await client.query('begin');
  const { rows } = await client.query<{ id: string; lsn: string }>(INSERT_ORDER, [reference, account, total, note]);
  const { id, lsn } = firstRow(rows);
  await client.query(INSERT_PAYMENT, [payment, id, total, { auth: note }]);
  await client.query('commit');
  return [
    { kind: 'order', id: reference, digest: orderDigest(reference, account, total, note), lsn },
    { kind: 'payment', id: payment, digest: md5([payment, total, note].join('|')), lsn },
  ];
}

async function fillCart(redis: Redis): Promise<Omit<LedgerEntry, 'at'>[]> {
  const [key, note] = [`${CART_PREFIX}${randomUUID()}`, randomUUID()];
  await redis.hset(key, { note, quantity: '1' });
  const stream = await redis.xadd(STREAM_KEY, '*', 'cart', key, 'note', note);
  const cart = { kind: 'cart', id: key, digest: md5(note) } as const;
  return stream === null ? [cart] : [cart, { kind: 'stream', id: stream, digest: md5(`${key}|${note}`) }];
}

export async function startLoad(options: LoadOptions): Promise<Load> {
  const ledger = await LedgerWriter.open(options.ledgerFile);
  const gapMs = 1000 / (options.transactionsPerSecond ?? 40);
  let stopped = false;
  let acknowledged = 0;
  let firstAck: Date | undefined;
  let lastAck: Date | undefined;
  const deaths: string[] = [];
  const waiting = new Set<() => void>();
  const acknowledge = (entries: Omit<LedgerEntry, 'at'>[]): void => {
    lastAck = new Date();
    firstAck ??= lastAck;
    for (const entry of entries) ledger.add({ ...entry, at: lastAck.toISOString() });
    acknowledged += entries.length;
    for (const check of waiting) check();
  };
  const worker = async (client: pg.Client, redis: Redis): Promise<void> => {
    try {
      for (let i = 0; !stopped; i++) {
        const next = Date.now() + gapMs;
        acknowledge(await placeOrder(client, i * 7919));
        acknowledge(await fillCart(redis));
        await delay(Math.max(0, next - Date.now()));
      }
    } catch (error) {
      deaths.push(error instanceof Error ? error.message : String(error));
    } finally {
      redis.disconnect();
      await client.end().catch(ignoring('its server may be gone: that is what a drill does'));
    }
  };
  // Connects before it returns: a load that can't start is an error and not the death of a store.
  const connections = await Promise.all(
    Array.from(
      { length: options.workers ?? 2 },
      async () => [await options.postgres(), await options.redis()] as const,
    ),
  );
  const ended = Promise.all(connections.map(([client, redis]) => worker(client, redis))).then(
    async (): Promise<LoadSummary> => {
      await ledger.close();
      for (const check of waiting) check();
      return {
        acknowledged,
        ...(firstAck ? { firstAck } : {}),
        ...(lastAck ? { lastAck } : {}),
        ...(deaths[0] === undefined ? {} : { died: deaths[0] }),
      };
    },
  );
  return {
    get acknowledged() {
      return acknowledged;
    },
    ended,
    stop() {
      stopped = true;
      return ended;
    },
    async more(count) {
      const goal = acknowledged + count;
      const reached = new Promise<void>((resolve) => {
        const check = (): void => {
          if (acknowledged < goal) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
      });
      await Promise.race([reached, ended]);
    },
  };
}
