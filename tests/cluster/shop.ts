/** The shop's own stores as its clients see them, wherever their Services lead. */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Api } from './api.ts';

const DATA = 'shop-data';
const CONNECT_MS = 2000;
const BETWEEN_MS = 100;

/** The address that pods get for the name `<store>.shop-data`. */
export async function addressOf(api: Api, store: string, namespace = DATA): Promise<string> {
  const { spec } = await api.core.readNamespacedService({ name: store, namespace });
  if (spec?.type !== 'ExternalName') return spec?.clusterIP ?? '';
  const [name = '', of = ''] = (spec.externalName ?? '').split('.');
  return addressOf(api, name, of);
}

async function connectShop(api: Api): Promise<pg.Client> {
  const client = new pg.Client({
    host: await addressOf(api, 'postgres'),
    user: 'shop',
    database: 'postgres',
    password: 'of-the-shop',
    connectionTimeoutMillis: CONNECT_MS,
  });
  // A server that dies is met by the next query.
  client.on('error', () => {});
  await client.connect();
  return client;
}

export async function shopRows(api: Api, text: string): Promise<Record<string, unknown>[]> {
  const client = await connectShop(api);
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

export async function shopRedis(api: Api): Promise<Redis> {
  const redis = new Redis({ host: await addressOf(api, 'redis'), lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {});
  await redis.connect();
  return redis;
}

export interface Writer {
  /** Ends it. Gives the numbers that were acknowledged, and the longest time in which none was. */
  stop(): Promise<{ readonly acknowledged: readonly number[]; readonly gapSeconds: number }>;
  /** Returns after so many more. */
  more(count: number): Promise<void>;
}

/** A client from outside of the cluster's workloads: it writes a number at a time and connects anew whenever it is refused. */
export async function startWriter(api: Api): Promise<Writer> {
  const acknowledged: number[] = [];
  let stopped = false;
  let last = Date.now();
  let gap = 0;
  const write = async (): Promise<void> => {
    const client = await connectShop(api);
    try {
      while (!stopped) {
        const number = (acknowledged.at(-1) ?? 0) + 1;
        // The answer of one that was written may have been lost.
        await client.query('INSERT INTO written VALUES ($1) ON CONFLICT DO NOTHING', [number]);
        acknowledged.push(number);
        gap = Math.max(gap, Date.now() - last);
        last = Date.now();
        await delay(BETWEEN_MS);
      }
    } finally {
      await client.end().catch(() => {});
    }
  };
  const run = async (): Promise<void> => {
    while (!stopped) await write().catch(() => delay(BETWEEN_MS));
  };
  await shopRows(api, 'CREATE TABLE written (number int PRIMARY KEY)');
  const ended = run();
  return {
    async stop() {
      stopped = true;
      await ended;
      return { acknowledged, gapSeconds: gap / 1000 };
    },
    async more(count) {
      const goal = acknowledged.length + count;
      while (acknowledged.length < goal && !stopped) await delay(BETWEEN_MS);
    },
  };
}
