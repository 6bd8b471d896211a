/** Redis dies, or is stopped, while it saves for a backup: that is said at once. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { startRedis } from '../../drill/platform/redis.ts';
import { processesIn } from '../../recovery/core/process/holders.ts';
import { startDr, withGolden } from './golden.ts';

/** Kills one of the processes in the middle of a save of minutes. Returns what the backup says: it ends by itself long before. */
async function killed(site: Platform, which: 'server' | 'child'): Promise<string> {
  const redis = await site.redis();
  await redis.config('SET', 'stop-writes-on-bgsave-error', 'no');
  for (let i = 0; i < 2000; i += 1) await redis.set(`key:${i}`, 'x');
  // Microseconds a key.
  await redis.config('SET', 'rdb-key-save-delay', '100000');
  const run = startDr(site.envFile, ['backup', '--kind', 'full', '--only', 'redis'], { timeoutSeconds: 60 });
  while (run.alive() && !/^rdb_bgsave_in_progress:1/m.test(await redis.info('persistence'))) await delay(20);
  const [server = 0, child = 0] = await processesIn(site.paths.redisData, /^redis/);
  process.kill(which === 'server' ? server : child, 'SIGKILL');
  const { exitCode, stdout, stderr } = await run.done;
  redis.disconnect();
  expect(exitCode, stderr).toBe(1);
  return stdout + stderr;
}

test('its child, or the server itself', async () => {
  await withGolden(async ({ startSource }) => {
    const site = await startSource();
    expect(await killed(site, 'child')).toContain('BGSAVE ended "err"');
    expect(await killed(site, 'server')).toMatch(/redis\.sock: /);
    await startRedis(site.run, site.paths, site.runAs);
  });
});
