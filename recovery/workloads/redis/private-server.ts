/** A Redis of `dr`'s own on a copy of an RDB: it listens on a private socket, never saves, and is asked what the file holds. */
import { chown, copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { RedisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { ifAbsent } from '../../core/absent.ts';
import { lookUpAccount, writeOwnedFile } from '../../core/account.ts';
import { messageOf } from '../../core/errors.ts';
import { makeTempFolder } from '../../core/files/temp-folder.ts';
import type { CaptureFacts } from '../../points/point.ts';
import { redisFingerprint } from './fingerprint.ts';
import { startRedis, stopRedis, withRedis } from './server.ts';

export interface PrivateServer {
  /** Holds `dump.rdb`; what the server writes goes here too. */
  readonly folder: string;
  /** For its socket, whose path has at most 107 bytes. */
  readonly sockets: string;
  readonly databases: number;
  readonly signal?: AbortSignal | undefined;
}

/** Starts it, asks it, and stops it. Throws what `startRedis` throws: it can't load what a newer Redis or a module has written. */
export async function withPrivateRedis<T>(
  site: Site,
  { folder, sockets, databases, signal }: PrivateServer,
  use: (aside: Site, settings: RedisSettings) => Promise<T>,
): Promise<T> {
  const socket = join(sockets, 'redis.sock');
  const configFile = join(folder, 'private.conf');
  const listen = ['port 0', `unixsocket "${socket}"`, 'unixsocketperm 700'];
  const files = [`dir "${folder}"`, 'dbfilename dump.rdb', `databases ${databases}`, `logfile "${folder}/private.log"`];
  const neverSave = ['save ""', 'appendonly no', 'stop-writes-on-bgsave-error no'];
  const lines = [...listen, ...files, ...neverSave];
  await writeOwnedFile(configFile, `${lines.join('\n')}\n`, 0o640, site.environment.runAs);
  const settings: RedisSettings = { socket, dataDir: folder, configFile };
  const aside: Site = { ...site, environment: { ...site.environment, redis: settings } };
  try {
    await startRedis(aside, settings, signal);
    return await use(aside, settings);
  } finally {
    await stopRedis(aside, settings);
  }
}

/** Bytes that programs may still take, from /proc/meminfo. Undefined where the kernel does not say. */
async function availableMemory(): Promise<number | undefined> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(ifAbsent(''));
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The second server needs as much as the first: it must never be what ends the first. */
const PART_OF_MEMORY = 0.5;

/**
 * What the RDB holds, for a later check of what a server has loaded: the digest of all keys that have no end, over all databases, and
 * the number of keys of each database. Without enough memory for a second server the facts say so and have no digest.
 * @param memory Bytes that the live server uses.
 */
export async function contentFacts(
  site: Site,
  rdb: string,
  { databases, memory, signal }: { databases: number; memory: number; signal?: AbortSignal | undefined },
): Promise<CaptureFacts> {
  const available = await availableMemory();
  if (available !== undefined && memory > available * PART_OF_MEMORY) {
    return { digestSkipped: `a second server needs ${memory} bytes, and ${available} are available` };
  }
  const folder = await makeTempFolder('dr-redis-', { short: true });
  try {
    const account = await lookUpAccount(site.environment.runAs);
    await copyFile(rdb, join(folder, 'dump.rdb'));
    if (account) for (const path of [folder, join(folder, 'dump.rdb')]) await chown(path, account.uid, account.gid);
    const ask = (aside: Site, settings: RedisSettings) => withRedis(aside, settings, describeContent);
    return await withPrivateRedis(site, { folder, sockets: folder, databases, signal }, ask);
  } catch (error) {
    signal?.throwIfAborted();
    // Types of a module, for one. The copy is good all the same: `redis-check-rdb` has read it to its end.
    site.log.warn({ error: messageOf(error) }, 'the digest of Redis’ keys could not be taken');
    return { digestSkipped: messageOf(error) };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The same facts of a server that runs. Take them while nobody writes. */
export async function describeContent(redis: Redis): Promise<CaptureFacts> {
  const { kept, databases } = await redisFingerprint(redis);
  const keyspace = Object.entries(databases).map(([database, keys]) => `db${database}=${keys}`);
  return { digest: kept.digest, keptKeys: kept.keys, keyspace: keyspace.join(' ') };
}
