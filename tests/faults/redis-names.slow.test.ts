/** Redis is asked what its files are called and where they are. Its copy is restored under these names, and compared key by key. */
import { appendFile, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { startRedis, stopRedis } from '../../drill/platform/redis.ts';
import { redisFingerprint } from '../../recovery/workloads/redis/fingerprint.ts';
import { type SmallSite, type SmallSiteOptions, withSmallSite } from './small-site.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup', '--confirm', 'drill'];
const BACKUP = ['backup', '--kind', 'full'];
const NAMES = ['dbfilename prod.rdb', 'appenddirname aof', 'appendfilename prod.aof', 'databases 20'];

function withRedisSite<T>(
  lines: readonly string[],
  options: Partial<SmallSiteOptions>,
  use: (site: SmallSite) => Promise<T>,
): Promise<T> {
  const prepare = async (site: Platform): Promise<void> => {
    await appendFile(site.paths.redisConfig, `${lines.join('\n')}\n`);
    await startRedis(site.run, site.paths, site.runAs);
  };
  return withSmallSite({ workloads: ['redis'], prepare, ...options }, use);
}

async function fill(redis: Redis): Promise<void> {
  await redis.mset('a', '1', 'b', '2');
  await redis.set(Buffer.from([0xff, 0xfe]), Buffer.from([0, 1, 2]));
  await redis.select(19);
  await redis.hset('h', 'f', 'v');
  await redis.set('soon', 'gone', 'PX', 100);
  await redis.select(0);
}

test('other names, other databases, an ACL user: the copy is loaded, and nothing else', async () => {
  const user = 'user backup on >secret-of-backup ~* +@read +@connection +info +config +bgsave +shutdown';
  await withRedisSite(
    [...NAMES, user],
    { edit: (e) => ({ ...e, ...(e.redis ? { redis: { ...e.redis, user: 'backup' } } : {}) }) },
    async (site) => {
      const file = site.environment.redis?.password;
      if (file === undefined || !('file' in file)) throw new Error('the site has a password file');
      const password = await readFile(file.file, 'utf8');
      await writeFile(file.file, 'secret-of-backup');
      const redis = await site.redis(password);
      await fill(redis);
      const before = await redisFingerprint(redis);
      redis.disconnect();
      expect(before.databases).toMatchObject({ 0: 3, 19: expect.any(Number) });
      await site.dr(0, ...BACKUP);
      await site.dr(0, 'verify', '--deep');

      await site.kill9();
      await rm(site.paths.redisData, { recursive: true });
      await mkdir(site.paths.redisData);
      await writeFile(join(site.paths.redisData, 'prod.rdb'), 'damaged');
      // The configuration is lost too.
      const config = await readFile(site.paths.redisConfig, 'utf8');
      await rm(site.paths.redisConfig);
      await site.dr(0, ...RESTORE);
      expect(await readFile(site.paths.redisConfig, 'utf8')).toBe(config);
      const restored = await site.redis(password);
      expect((await redisFingerprint(restored)).kept).toEqual(before.kept);
      expect(await restored.config('GET', 'dbfilename')).toEqual(['dbfilename', 'prod.rdb']);
      restored.disconnect();

      await writeFile(file.file, 'wrong');
      expect(await site.dr(1, ...BACKUP)).toMatch(/wrong password for the user "backup"/);
    },
  );
});

test('a server that loads another file with as many keys is not ready', async () => {
  await withRedisSite(
    [...NAMES, 'appendonly no'],
    {
      edit: (e, site) => {
        const [old, used] = [join(site.paths.root, 'old.rdb'), join(site.paths.redisData, 'prod.rdb')];
        const start = `test ! -e ${old} || cp ${old} ${used}; redis-server ${site.paths.redisConfig}`;
        const argv: [string, ...string[]] = ['sh', '-c', start];
        const control = { start: argv, stop: ['true'] as [string] };
        return e.redis ? { ...e, redis: { ...e.redis, control } } : e;
      },
    },
    async (site) => {
      const redis = await site.redis();
      await redis.set('a', 'old');
      await redis.save();
      await copyFile(join(site.paths.redisData, 'prod.rdb'), join(site.paths.root, 'old.rdb'));
      await redis.set('a', 'new');
      await site.dr(0, ...BACKUP);
      redis.disconnect();
      await stopRedis(site.paths);
      expect(await site.dr(5, ...RESTORE)).toMatch(
        /keys and values of all databases are those of the capture: expected 1 keys without an expiry, digest \w{16}, found 1/,
      );
      await rm(join(site.paths.root, 'old.rdb'));
      await stopRedis(site.paths);
      await site.dr(0, ...RESTORE);
      const restored = await site.redis();
      expect(await restored.get('a')).toBe('new');
      restored.disconnect();
    },
  );
});

test('a folder that is not the server’s, a renamed CONFIG, a replica', async () => {
  await withRedisSite(['enable-protected-configs yes'], {}, async (site) => {
    const redis = await site.redis();
    await redis.set('a', '1');
    await redis.save();
    // Another folder with an older file of the same name.
    const other = join(site.folder, 'other');
    await mkdir(other);
    await copyFile(join(site.paths.redisData, 'dump.rdb'), join(other, 'dump.rdb'));
    await redis.config('SET', 'dir', other);
    const wrong = await site.dr(1, ...BACKUP);
    expect(wrong).toContain(`the server keeps its files in ${other}, and redis.dataDir is ${site.paths.redisData}`);
    expect(await site.dr(1, 'health', '--stores')).toMatch(/Redis keeps its files in redis.dataDir/);
    await redis.config('SET', 'dir', site.paths.redisData);
    await site.dr(0, ...BACKUP);
    redis.disconnect();

    await stopRedis(site.paths);
    await appendFile(site.paths.redisConfig, 'replicaof 127.0.0.1 1\n');
    expect(await site.dr(5, ...RESTORE)).toMatch(
      /role of the server is that of the capture: expected master, found replica of 127.0.0.1:1 \(link down\): it takes no writes/,
    );

    await stopRedis(site.paths);
    await appendFile(site.paths.redisConfig, 'rename-command CONFIG ""\n');
    await startRedis(site.run, site.paths, site.runAs);
    const said = await site.dr(1, ...BACKUP);
    expect(said).toMatch(/does not know the command CONFIG/);
  });
});
