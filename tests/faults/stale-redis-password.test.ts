/** Redis runs, and what dr.yaml knows of it is out of date: it counts as alive, is said as such, and no second server starts on its data. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { redisPasswordFile, startRedis } from '../../drill/platform/redis.ts';
import { processesIn } from '../../recovery/core/process/holders.ts';
import { dr, drEnds, editEnvironment, withGolden } from './golden.ts';
import { stateOf } from './untouched.ts';

test('with a stale password, another address, or an ACL user', async () => {
  await withGolden(async ({ emptySite }) => {
    const site = await emptySite('second', { workloads: ['redis'] });
    await startRedis(site.run, site.paths, site.runAs);
    const live = await site.redis();
    await live.set('unsaved', 'only here');
    await live.acl('SETUSER', 'backup', 'on', '>of-backup-user', '~*', '&*', '+@all');
    const password = await readFile(redisPasswordFile(site.paths), 'utf8');
    const servers = () => processesIn(site.paths.redisData, /^redis-server/);
    const [pid] = await servers();
    expect(pid).toBeGreaterThan(0);
    const restore = ['restore', '--to', 'latest', '--only', 'redis', '--confirm', 'drill'];
    const before = await stateOf(site);

    const setPassword = (text: string) => writeFile(redisPasswordFile(site.paths), text);
    await setPassword('the password of last year');
    const stale = await dr(site.envFile, restore);
    expect(stale.exitCode).toBe(6);
    expect(stale.stderr).toMatch(
      /^DR-REDIS-DENIED redis: \S+redis\.sock: wrong password for the default user, .*the server runs$/m,
    );
    expect(stale.stderr).not.toContain('Connection is closed');
    const doctor = await drEnds(2, site.envFile, ['doctor']);
    expect(doctor.stdout).toMatch(/^redis server +missing +\S+: wrong password/m);
    const assess = await dr(site.envFile, ['assess', '-o', 'json']);
    expect(JSON.parse(assess.stdout).findings.redis).toMatchObject({
      server: 'up',
      facts: expect.arrayContaining([expect.stringContaining('wrong password')]),
    });
    const health = await dr(site.envFile, ['health', '--comprehensive', '-o', 'json']);
    expect(health.stdout).toContain('wrong password');

    // The server listens elsewhere than dr.yaml says.
    await setPassword(password);
    const { environment } = site;
    const named = environment.redis ?? { dataDir: '' };
    await editEnvironment(site.envFile, (e) => ({
      ...e,
      redis: { ...named, socket: join(site.paths.run, 'other.sock') },
    }));
    const elsewhere = await dr(site.envFile, restore);
    expect(elsewhere.exitCode).toBe(6);
    expect(elsewhere.stderr).toContain(
      `DR-REDIS-ELSEWHERE ${site.paths.redisData}: redis-server (pid ${pid}) works in`,
    );
    expect(await servers()).toEqual([pid]);
    expect(await stateOf(site)).toEqual(before);
    expect(await live.get('unsaved')).toBe('only here');
    live.disconnect();

    await setPassword('of-backup-user');
    await editEnvironment(site.envFile, (e) => ({ ...e, redis: { ...named, user: 'backup' } }));
    const asUser = await dr(site.envFile, ['doctor']);
    expect(asUser.stdout).toMatch(/^redis server +ok +7\S*, master at \S+redis\.sock, as backup/m);
  });
});
