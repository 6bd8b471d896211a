/** Between which two copies of a folder, and of Redis, something went wrong: each is really restored and asked, and nothing is left. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { startRedis } from '../../drill/platform/redis.ts';
import { withSmallSite } from './small-site.ts';

const prepare = ({ run, paths, runAs }: Platform): Promise<void> => startRedis(run, paths, runAs);

test('a command is asked in copies of a folder and of Redis; nothing of it stays', async () => {
  await withSmallSite({ workloads: ['uploads', 'redis'], prepare }, async (site) => {
    const menu = join(site.paths.folder('uploads'), 'menu');
    await mkdir(site.paths.folder('uploads'), { recursive: true });
    const redis = await site.redis();
    const from = new Date().toISOString();
    for (const n of [1, 2, 3]) {
      await writeFile(menu, n < 2 ? `espresso ${n}` : `gone ${n}`);
      await redis.set('menu', n < 3 ? 'espresso' : 'gone');
      await site.dr(0, 'backup', '--kind', 'full');
    }
    redis.disconnect();
    const between = ['--between', from, new Date().toISOString()];
    const find = (exit: number, workload: string, command: string, ...more: readonly string[]) =>
      site.dr(exit, 'find', '--check-command', command, '--workload', workload, ...between, ...more);

    const listed = JSON.parse((await site.dr(0, 'points', '-o', 'json')).split('\n\n')[0] ?? '') as {
      points: { id: string }[];
    };
    const [first = '', second = '', third = ''] = listed.points.map(({ id }) => id).sort();
    const files = await find(0, 'uploads', 'grep espresso menu', '--mark-clean', '--by', 'Ada');
    expect(files).toMatch(/espresso 1/);
    expect(files).toContain(`dr restore --to ${first} --only uploads --from local`);
    expect(files).toContain(`${first} is marked clean in local, by Ada`);
    expect(files).toContain(`lies after it: ${second}`);

    const ask = 'test "$(redis-cli -s "$DR_REDIS_SOCKET" GET menu)" = espresso';
    const store = JSON.parse((await find(0, 'redis', ask, '-o', 'json')).split('\n\n')[0] ?? '');
    expect(store).toMatchObject({ clean: { point: second }, firstBad: { point: third } });
    expect(await find(2, 'uploads', 'grep lemonade menu')).toContain('DR-CHECK-WRONG-EARLY');
    expect(await find(2, 'uploads', 'test -e menu')).toContain('DR-CHECK-RIGHT-LATE');
    expect(await find(2, 'uploads', 'grep x nowhere')).toContain('DR-CHECK-FAILED');
    expect(await find(2, 'upload', 'true')).toContain('DR-WORKLOAD-UNKNOWN');
    expect(await readdir(site.paths.state)).not.toContain('find-copies');
  });
});
