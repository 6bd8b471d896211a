/**
 * A fresh RDB by `BGSAVE`, and a safe copy of the append-only files. A server on another host sends the RDB over the replication protocol;
 * its append-only files stay there.
 */
import { copyFile, cp, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { isOnOtherHost, type RedisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import { checkRdb } from './rdb.ts';
import { withRedis } from './server.ts';

export interface RedisFacts {
  /** Keys in the RDB, as `redis-check-rdb` counted them. */
  readonly keys: number;
  readonly serverVersion: string;
  /** True when the append-only files are in the copy too. */
  readonly appendOnly: boolean;
  readonly transfer?: 'replication';
  /** What the server has and the copy lacks. */
  readonly leftOut?: string;
}

function field(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';
}

async function config(redis: Redis, name: string): Promise<string> {
  const answer: unknown = await redis.config('GET', name);
  return Array.isArray(answer) ? String(answer[1] ?? '') : '';
}

/** A fork of a large server takes minutes to write its memory. */
const SAVE_SECONDS = 600;

/** `INFO persistence` once no save and no rewrite runs. Throws `REDIS-SAVE`. */
async function idle(redis: Redis, signal: AbortSignal | undefined): Promise<string> {
  const { answer, accepted } = await poll(
    { seconds: SAVE_SECONDS, everySeconds: 0.1, signal },
    () => redis.info('persistence'),
    (info) => field(info, 'rdb_bgsave_in_progress') === '0' && field(info, 'aof_rewrite_in_progress') === '0',
  );
  if (accepted) return answer;
  throw new DrError({
    code: 'REDIS-SAVE',
    where: 'redis',
    fact: `a save or a rewrite has been running for ${SAVE_SECONDS} s`,
    hint: 'see the server’s log; once `redis-cli info persistence` shows none, run the same command again',
  });
}

/** Waits for a save that began after this call. Throws `REDIS-SAVE` with the server's own status. */
async function freshSave(redis: Redis, signal?: AbortSignal): Promise<void> {
  await idle(redis, signal);
  await redis.bgsave();
  const info = await idle(redis, signal);
  if (field(info, 'rdb_last_bgsave_status') === 'ok') return;
  throw new DrError({
    code: 'REDIS-SAVE',
    where: 'redis',
    fact: `BGSAVE ended "${field(info, 'rdb_last_bgsave_status')}"`,
    hint: 'the server’s log says why; usually its disk is full or memory for the fork is missing',
  });
}

/** A rewrite could replace AOF files while they are copied, so rewrites are off for that moment. */
async function copyAppendOnly(redis: Redis, dataDir: string, folder: string): Promise<boolean> {
  if ((await config(redis, 'appendonly')) !== 'yes') return false;
  const name = (await config(redis, 'appenddirname')) || 'appendonlydir';
  const percentage = await config(redis, 'auto-aof-rewrite-percentage');
  await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
  try {
    await cp(join(dataDir, name), join(folder, 'appendonlydir'), { recursive: true });
    return true;
  } finally {
    await redis.config('SET', 'auto-aof-rewrite-percentage', percentage || '100');
  }
}

interface Target {
  readonly settings: RedisSettings;
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
}

async function copyFiles(redis: Redis, { settings, folder, signal }: Target) {
  await freshSave(redis, signal);
  const source = join(settings.dataDir, (await config(redis, 'dbfilename')) || 'dump.rdb');
  await stat(source);
  await copyFile(source, join(folder, 'dump.rdb'));
  return { appendOnly: await copyAppendOnly(redis, settings.dataDir, folder) };
}

/** `redis-cli --rdb` asks as a replica would: the server makes a snapshot of this moment for it. */
async function fetchSnapshot(site: Site, redis: Redis, { settings, folder, signal }: Target) {
  const { host = '127.0.0.1', port = 6379, user, password } = settings;
  const secretEnv =
    password === undefined ? {} : { REDISCLI_AUTH: await site.secrets.read(password, 'redis.password') };
  const at = ['-h', host, '-p', String(port), ...(user === undefined ? [] : ['--user', user])];
  await site.run(['redis-cli', ...at, '--rdb', join(folder, 'dump.rdb')], { secretEnv, signal });
  const hasFiles = (await config(redis, 'appendonly')) === 'yes';
  const leftOut = hasFiles ? { leftOut: 'append-only files: they stay on the other host' } : {};
  return { appendOnly: false, transfer: 'replication' as const, ...leftOut };
}

/** Fills `folder` with `dump.rdb` and, of a server on this host, `appendonlydir/`; the RDB is checked before it counts. */
export async function captureRedis(
  site: Site,
  settings: RedisSettings,
  folder: string,
  signal?: AbortSignal,
): Promise<RedisFacts> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return withRedis(site, settings, async (redis) => {
    const brought = isOnOtherHost(settings)
      ? await fetchSnapshot(site, redis, { settings, folder, signal })
      : await copyFiles(redis, { settings, folder, signal });
    const { keys } = await checkRdb(site, join(folder, 'dump.rdb'));
    return { keys, serverVersion: field(await redis.info('server'), 'redis_version'), ...brought };
  });
}
