/** The host's service manager runs Redis as an account of its own: a restore leaves the files to that account, not to `runAs`. */
import { chown, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite } from '../../recovery/config/site.ts';
import { ownerOfFiles } from '../../recovery/workloads/redis/owner.ts';
import { drEnds, withGolden } from './golden.ts';

/** An account that every host has, and that is nobody's `runAs`. */
const NOBODY = 65_534;

test.runIf(process.getuid?.() === 0)('a restore keeps the account that owns the folder of Redis', async () => {
  await withGolden(async ({ emptySite }) => {
    const site = await emptySite('second', {
      workloads: ['redis'],
      edit: (e) => {
        const { configFile, ...redis } = e.redis ?? { dataDir: '' };
        const start: [string, ...string[]] = ['sh', '-c', `redis-server '${configFile}' --daemonize yes`];
        return { ...e, redis: { ...redis, control: { start, stop: ['true'] } } };
      },
    });
    const { redisData } = site.paths;
    await mkdir(redisData, { recursive: true });
    await chown(redisData, NOBODY, NOBODY);
    await drEnds(0, site.envFile, ['restore', '--to', 'latest', '--only', 'redis', '--no-backup']);
    const paths = [redisData, ...(await readdir(redisData, { recursive: true })).map((name) => join(redisData, name))];
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) expect([path, (await stat(path)).uid]).toEqual([path, NOBODY]);

    // The folder is lost too: the account of the capture, by its name on this host, and `runAs` for a server that `dr` starts itself.
    const opened = await openSite(site.envFile);
    const { redis } = opened.environment;
    if (redis === undefined) throw new Error('the site has a Redis');
    const gone = { ...redis, dataDir: `${redisData}-gone` };
    const facts = { owner: 4711, ownerName: 'nobody', groupName: 'nogroup' };
    expect(await ownerOfFiles(opened, gone, facts)).toEqual({ uid: NOBODY, gid: NOBODY });
    const { uid } = await stat(site.paths.run);
    expect(await ownerOfFiles(opened, gone, { ...facts, ownerName: 'of-another-host' })).toMatchObject({ uid });
    expect(await ownerOfFiles(opened, { ...gone, control: undefined }, facts)).toMatchObject({ uid });
  });
});
