/** The platform's data in Redis: sessions with and without an expiry, carts, a stream of orders, leaderboards. */
import type { Redis } from 'ioredis';
import { sha256 } from './content.ts';

/** Prefix of keys that health checks write; comparisons skip them. */
export const PROBE_PREFIX = 'probe:';

const BATCH = 500;

export async function seedRedis(redis: Redis, scale: number, seed: number): Promise<void> {
  const count = Math.max(40, Math.round(6_000 * scale));
  const digest = (name: string, i: number): string => sha256(`${seed}:${name}:${i}`);
  const numbers = Array.from({ length: count }, (_, i) => i);
  for (let from = 0; from < count; from += BATCH) {
    const pipeline = redis.pipeline();
    for (const i of numbers.slice(from, from + BATCH)) {
      const session = JSON.stringify({ account: i + 1, token: digest('session', i) });
      if (i % 4 === 0) pipeline.set(`session:${digest('id', i).slice(0, 16)}`, session);
      else pipeline.set(`session:${digest('id', i).slice(0, 16)}`, session, 'EX', 86_400 * (1 + (i % 7)));
      if (i % 3 === 0)
        pipeline.hset(`cart:${i}`, { item: String(i % 400), quantity: String(1 + (i % 4)), note: digest('cart', i) });
      if (i % 2 === 0) pipeline.xadd('orders:stream', `${i + 1}-0`, 'order', String(i), 'digest', digest('stream', i));
      pipeline.zadd('leaderboard:guests', i % 977, `guest:${i}`);
      if (i % 5 === 0) pipeline.sadd('regulars', `guest:${i}`);
      if (i % 5 === 1) pipeline.rpush('queue:barista', digest('queue', i));
    }
    const results = await pipeline.exec();
    const failed = results?.find(([error]) => error !== null);
    if (failed?.[0]) throw failed[0];
  }
  await redis.hset('meta:sessions', { schema: '1', seed: String(seed) });
}
