/** A Redis that stays where it is: its snapshot as a replica gets it, its keys back into it and into another one, and who forbids it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { makeSecretFolder, randomSecret, writeSecret } from '../../../../drill/host/secret-files.ts';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { redisFingerprint } from '../../../../recovery/workloads/redis/fingerprint.ts';
import { dr, drEnds } from '../../../faults/dr-process.ts';
import { withFolder } from '../../../platform.ts';
import { freePort } from './free-port.ts';

const PASSWORD = 'of-the-cache';

async function startRedis(folder: string, port: number): Promise<Redis> {
  await mkdir(folder);
  const at = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--requirepass', PASSWORD];
  await makeRun(silentLog)(
    ['redis-server', ...at, '--save', '', '--daemonize', 'yes', '--logfile', join(folder, 'log')],
    {
      cwd: folder,
      spareDescendants: true,
    },
  );
  return new Redis({ port, host: '127.0.0.1', password: PASSWORD });
}

async function environment(folder: string, name: string, redis: Record<string, unknown>): Promise<string> {
  const runAs = process.getuid?.() === 0 ? 'postgres' : undefined;
  const key = (of: string) => [{ name: of, from: { file: join(folder, 'keys', of) } }];
  const file = join(folder, `${name}.yaml`);
  const document = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: 'drill',
    site: 'first',
    stateDir: join(folder, 'state'),
    ...(runAs === undefined ? {} : { runAs }),
    signingKeys: key('signing'),
    external: {
      redis: { host: '127.0.0.1', tls: 'disable', password: { file: join(folder, 'keys', 'cache') }, ...redis },
    },
    repositories: { local: { type: 'posix', path: join(folder, 'backups'), passphrases: key('local') } },
  };
  await writeFile(file, stringify(document, { lineWidth: 0 }));
  return file;
}

test('its keys come back exactly, into the same server and into an empty one; a server that forbids SYNC is refused in words', async () => {
  await withFolder(async (folder) => {
    const runAs = process.getuid?.() === 0 ? 'postgres' : undefined;
    await makeSecretFolder(join(folder, 'keys'), runAs);
    for (const name of ['signing', 'local']) await writeSecret(join(folder, 'keys', name), randomSecret(), runAs);
    await writeSecret(join(folder, 'keys', 'cache'), PASSWORD, runAs);
    const [port, other] = [await freePort(), await freePort()];
    const redis = await startRedis(join(folder, 'redis'), port);
    const second = await startRedis(join(folder, 'second'), other);
    try {
      await redis.mset('a', '1', 'b', '2');
      await redis.hset('cart', { tea: '3' });
      await redis.zadd('rank', 1, 'x', 2, 'y');
      await redis.set('session', 's', 'EX', 3600);
      await redis.select(3);
      await redis.set(Buffer.from([0, 255, 10]), Buffer.from([1, 2, 0]));
      await redis.select(0);
      const before = await redisFingerprint(redis);
      const envFile = await environment(folder, 'first', { port });
      await drEnds(0, envFile, ['init']);
      await drEnds(0, envFile, ['backup', '--kind', 'full']);
      await drEnds(0, envFile, ['verify', '--deep']);

      await redis.del('a');
      await redis.set('later', 'gone after the restore');
      const refused = await dr(envFile, ['restore', '--to', 'latest']);
      expect([refused.exitCode, refused.stderr]).toEqual([7, expect.stringContaining('overwrite redis')]);
      await drEnds(0, envFile, ['restore', '--to', 'latest', '--confirm', 'drill']);
      expect((await redisFingerprint(redis)).digest).toBe(before.digest);
      expect(await redis.ttl('session')).toBeGreaterThan(3000);

      await drEnds(0, await environment(folder, 'second', { port: other }), ['restore', '--to', 'latest']);
      expect((await redisFingerprint(second)).digest).toBe(before.digest);

      await redis.call('ACL', ['SETUSER', 'tenant', 'on', `>${PASSWORD}`, '~*', '+@all', '-sync', '-psync']);
      const forbidden = await dr(await environment(folder, 'tenant', { port, user: 'tenant' }), [
        'backup',
        '--kind',
        'full',
      ]);
      expect(forbidden.stdout + forbidden.stderr).toMatch(
        /DR-REDIS-SYNC-FORBIDDEN 127\.0\.0\.1:\d+: it lets nobody replicate: .*NOPERM/,
      );
      expect(forbidden.exitCode).not.toBe(0);
    } finally {
      redis.disconnect();
      second.disconnect();
    }
  });
});
