/** The platform's Redis: RDB and AOF on, a socket and no port, a password in a file that only its account can read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { ignoring } from '../../recovery/core/absent.ts';
import { hasCode } from '../../recovery/core/errors.ts';
import type { Run } from '../../recovery/core/process.ts';
import { waitFor } from '../host/processes.ts';
import { writeSecret } from '../host/secret-files.ts';
import type { SitePaths } from './site-paths.ts';

export function redisPasswordFile(paths: SitePaths): string {
  return join(paths.secrets, 'redis-password');
}

export async function writeRedisConfig(paths: SitePaths, password: string, runAs: string | undefined): Promise<void> {
  await writeSecret(redisPasswordFile(paths), password, runAs);
  const lines = [
    'port 0',
    `unixsocket ${paths.redisSocket}`,
    'unixsocketperm 770',
    'daemonize yes',
    `dir ${paths.redisData}`,
    `logfile ${join(paths.logs, 'redis.log')}`,
    'dbfilename dump.rdb',
    'save 900 1 60 10000',
    'appendonly yes',
    'appendfsync everysec',
    `requirepass ${password}`,
  ];
  await writeSecret(paths.redisConfig, `${lines.join('\n')}\n`, runAs);
}

export async function connectRedis(paths: SitePaths, password?: string): Promise<Redis> {
  const redis = new Redis({
    path: paths.redisSocket,
    password: password ?? (await readFile(redisPasswordFile(paths), 'utf8')),
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: 5_000,
  });
  let said: Error | undefined;
  redis.on('error', (error) => {
    said = error;
  });
  await redis.connect().catch((error: unknown) => {
    throw said ?? error;
  });
  return redis;
}

/** Undefined for a server that does not run. A password that it refuses is no reason to start a second one. */
async function reach(paths: SitePaths): Promise<Redis | undefined> {
  return connectRedis(paths).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ECONNREFUSED')) return undefined;
    throw error;
  });
}

async function answers(paths: SitePaths): Promise<boolean> {
  const redis = await reach(paths);
  if (!redis) return false;
  try {
    return /^loading:0/m.test((await redis.info('persistence').catch(ignoring('it ends at this moment'))) ?? '');
  } finally {
    redis.disconnect();
  }
}

export async function startRedis(run: Run, paths: SitePaths, runAs: string | undefined): Promise<void> {
  if (await answers(paths)) return;
  await run(['redis-server', paths.redisConfig], { as: runAs, cwd: '/' });
  await waitFor('Redis answers', () => answers(paths));
}

export async function stopRedis(paths: SitePaths): Promise<void> {
  const redis = await reach(paths);
  if (!redis) return;
  await redis.shutdown().catch(ignoring('the server answers by closing the connection'));
  redis.disconnect();
  await waitFor('Redis ends', async () => !(await answers(paths)));
}
