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
  /** Key → digest of type, content, and whether the key has an end. Keys of other databases than 0 as `db3:key`. */
  readonly items: ReadonlyMap<string, string>;
  /** Keys without an end, and the digest of all of them: time alone changes neither. */
  readonly kept: { readonly keys: number; readonly digest: string };
  /** Keys by number of the database, of those that hold any: `{"0": 12, "3": 1}`. */
  readonly databases: Readonly<Record<string, number>>;
}

export interface RedisFingerprintOptions {
  /** Keys with these prefixes are skipped. */
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

interface Item {
  readonly type: string;
  readonly digest: string;
  readonly isKept: boolean;
}

async function itemOf(redis: Redis, key: Buffer): Promise<Item | undefined> {
  const type = await redis.type(key);
  if (type === 'none') return undefined; // it ended meanwhile
  const read = READ[type];
  if (!read) throw new Error(`no way to read a key of type "${type}" (${key.toString('utf8')})`);
  const [command, ...args] = read.argv(key);
  const [reply, ttl] = await Promise.all([redis.callBuffer(command, ...args), redis.pttl(key)]);
  if (ttl === -2) return undefined;
  const content = `${type}|${ttl === -1 ? 'kept' : 'ends'}|${normalise(reply, read.unordered)}`;
  return { type, digest: createHash('sha256').update(content, 'latin1').digest('hex'), isKept: ttl === -1 };
}

/** A key that is no text keeps its bytes apart from every other key's. */
function nameOf(key: Buffer): string {
  const text = key.toString('utf8');
  return Buffer.from(text).equals(key) ? text : `0x${key.toString('hex')}`;
}

/** Numbers of the databases that hold a key. */
async function databasesOf(redis: Redis): Promise<number[]> {
  const keyspace = await redis.info('keyspace');
  return [...keyspace.matchAll(/^db(\d+):keys=/gm)].map((match) => Number(match[1])).sort((a, b) => a - b);
}

async function readDatabase(redis: Redis, options: RedisFingerprintOptions): Promise<Map<string, Item>> {
  const items = new Map<string, Item>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scanBuffer(cursor, 'COUNT', 500);
    cursor = next.toString();
    const wanted = keys.filter(
      (key) => !options.ignorePrefixes?.some((prefix) => key.toString('utf8').startsWith(prefix)),
    );
    const found = await Promise.all(wanted.map(async (key) => ({ key: nameOf(key), item: await itemOf(redis, key) })));
    // SCAN may give a key twice.
    for (const { key, item } of found) if (item !== undefined) items.set(key, item);
  } while (cursor !== '0');
  return items;
}

function digestOf(items: ReadonlyMap<string, string>): string {
  const all = [...items].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

/**
 * Reads every key of every database by SCAN, so the server keeps answering. Take it while nobody writes. Afterwards the connection uses
 * database 0.
 */
export async function redisFingerprint(redis: Redis, options: RedisFingerprintOptions = {}): Promise<RedisFingerprint> {
  const items = new Map<string, string>();
  const kept = new Map<string, string>();
  const types: Record<string, number> = {};
  const databases: Record<string, number> = {};
  try {
    for (const database of await databasesOf(redis)) {
      await redis.select(database);
      const found = await readDatabase(redis, options);
      databases[database] = found.size;
      for (const [name, { type, digest, isKept }] of found) {
        const key = database === 0 ? name : `db${database}:${name}`;
        items.set(key, digest);
        if (isKept) kept.set(key, digest);
        types[type] = (types[type] ?? 0) + 1;
      }
    }
  } finally {
    await redis.select(0);
  }
  return {
    keys: items.size,
    types,
    digest: digestOf(items),
    items,
    kept: { keys: kept.size, digest: digestOf(kept) },
    databases,
  };
}

export function compareRedis(expected: RedisFingerprint, actual: RedisFingerprint): Difference[] {
  return compareItems(expected.items, actual.items);
}
