/** What a Redis holds, in digests that are equal exactly when the content is. Remaining lifetimes drift and are not compared. */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { compareItems, type Difference } from '../difference.ts';

export interface RedisFingerprint {
  readonly keys: number;
  /** Number of keys by type: `string`, `hash`, `stream`, `zset`, `set`, `list`. */
  readonly types: Readonly<Record<string, number>>;
  /** Of all keys. */
  readonly digest: string;
  /** Key → digest of type, content, and whether the key has an end. */
  readonly items: ReadonlyMap<string, string>;
}

export interface RedisFingerprintOptions {
  /** Keys that begin so are left out. */
  readonly ignorePrefixes?: readonly string[];
}

/** The command that gives the whole content, and whether its order means nothing. */
const READ: Readonly<
  Record<
    string,
    { readonly argv: (key: Buffer) => readonly [string, ...(string | Buffer)[]]; readonly unordered?: 1 | 2 }
  >
> = {
  string: { argv: (key) => ['GET', key] },
  hash: { argv: (key) => ['HGETALL', key], unordered: 2 },
  set: { argv: (key) => ['SMEMBERS', key], unordered: 1 },
  list: { argv: (key) => ['LRANGE', key, '0', '-1'] },
  zset: { argv: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'] },
  stream: { argv: (key) => ['XRANGE', key, '-', '+'] },
};

/** Lengths in front of the parts: `["ab"]` and `["a","b"]` must differ. */
function canonical(value: unknown): string {
  if (Buffer.isBuffer(value)) return `${value.length}:${value.toString('latin1')}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join('')}]`;
  return String(value);
}

function normalise(reply: unknown, unordered: 1 | 2 | undefined): string {
  if (!unordered || !Array.isArray(reply)) return canonical(reply);
  const parts = reply.map(canonical);
  const items = unordered === 1 ? parts : parts.flatMap((p, i) => (i % 2 === 0 ? [`${p}=${parts[i + 1]}`] : []));
  return items.sort().join('');
}

async function itemOf(redis: Redis, key: Buffer): Promise<{ type: string; digest: string } | undefined> {
  const type = await redis.type(key);
  if (type === 'none') return undefined; // it ended meanwhile
  const read = READ[type];
  if (!read) throw new Error(`no way to read a key of type "${type}" (${key.toString('utf8')})`);
  const [command, ...args] = read.argv(key);
  const [reply, ttl] = await Promise.all([redis.callBuffer(command, ...args), redis.pttl(key)]);
  if (ttl === -2) return undefined;
  const content = `${type}|${ttl === -1 ? 'kept' : 'ends'}|${normalise(reply, read.unordered)}`;
  return { type, digest: createHash('sha256').update(content, 'latin1').digest('hex') };
}

/** Reads every key by SCAN, so the server goes on answering. Take it while nobody writes. */
export async function redisFingerprint(redis: Redis, options: RedisFingerprintOptions = {}): Promise<RedisFingerprint> {
  const items = new Map<string, string>();
  const types: Record<string, number> = {};
  let cursor = '0';
  do {
    const [next, keys] = await redis.scanBuffer(cursor, 'COUNT', 500);
    cursor = next.toString();
    const wanted = keys.filter(
      (key) => !options.ignorePrefixes?.some((prefix) => key.toString('utf8').startsWith(prefix)),
    );
    const found = await Promise.all(
      wanted.map(async (key) => ({ key: key.toString('utf8'), item: await itemOf(redis, key) })),
    );
    for (const { key, item } of found) {
      // SCAN may give a key twice.
      if (item === undefined || items.has(key)) continue;
      items.set(key, item.digest);
      types[item.type] = (types[item.type] ?? 0) + 1;
    }
  } while (cursor !== '0');
  const all = [...items].sort(([a], [b]) => (a < b ? -1 : 1));
  const digest = createHash('sha256').update(JSON.stringify(all)).digest('hex');
  return { keys: items.size, types, digest, items };
}

export function compareRedis(expected: RedisFingerprint, actual: RedisFingerprint): Difference[] {
  return compareItems(expected.items, actual.items);
}
