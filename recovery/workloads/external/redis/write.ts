/** Writes every key of a copy into a server that stays where it is. Keys that the copy lacks go last: the server is never empty between. */
import type { Redis } from 'ioredis';
import { ignoring } from '../../../core/absent.ts';
import { badInput, messageOf } from '../../../core/errors.ts';

const AT_ONCE = 500;

async function* keysOf(redis: Redis): AsyncGenerator<Buffer[]> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scanBuffer(cursor, 'COUNT', AT_ONCE);
    cursor = next.toString();
    if (keys.length > 0) yield keys;
  } while (cursor !== '0');
}

/** Numbers of the databases that hold a key. */
async function databasesOf(redis: Redis): Promise<number[]> {
  return [...(await redis.info('keyspace')).matchAll(/^db(\d+):keys=/gm)].map((match) => Number(match[1]));
}

async function writeKey(from: Redis, to: Redis, key: Buffer): Promise<void> {
  const [content, left] = await Promise.all([from.dumpBuffer(key), from.pttl(key)]);
  // It ended meanwhile.
  if (content === null || left === -2) return;
  await to.call('RESTORE', [key, String(Math.max(0, left)), content, 'REPLACE']);
}

/**
 * Afterwards both connections use database 0. Throws `REDIS-VERSION` (exit 2) where the server is too old for the content.
 * @param from a server of `dr`'s own on the copy
 */
export async function writeKeys(from: Redis, to: Redis, report: (detail: string) => void): Promise<number> {
  let written = 0;
  try {
    const [here, there] = [await databasesOf(from), await databasesOf(to)];
    for (const database of new Set([...here, ...there])) {
      await from.select(database);
      await to.select(database);
      for await (const keys of keysOf(from)) {
        await Promise.all(keys.map((key) => writeKey(from, to, key)));
        written += keys.length;
        report(`${written} keys`);
      }
      for await (const keys of keysOf(to)) {
        const known = await Promise.all(keys.map((key) => from.exists(key)));
        const gone = keys.filter((_, n) => known[n] === 0);
        if (gone.length > 0) await to.del(...gone);
      }
    }
    return written;
  } catch (error) {
    if (!/DUMP payload version or checksum/.test(messageOf(error))) throw error;
    throw badInput({
      code: 'REDIS-VERSION',
      where: 'external.redis',
      fact: 'the server is older than the one that wrote the copy: it refuses its keys',
      hint: 'name a server of that version or a newer one; what it held is still there',
      cause: error,
    });
  } finally {
    await from.select(0).catch(ignoring('who uses this connection next gets its own error'));
    await to.select(0).catch(ignoring('who uses this connection next gets its own error'));
  }
}
