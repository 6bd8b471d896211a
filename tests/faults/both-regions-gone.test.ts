/** Both regions are gone: the restore reads the folder on the host and shows the loss to the person who restores. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds, withGolden } from './golden.ts';

test('the last remaining repository is read, and the unreachable ones are named', async () => {
  await withGolden(async ({ folder, facts, emptySite }) => {
    // Three repositories: two are unreachable, one was backed up to.
    const site = await emptySite('second', {
      workloads: ['uploads', 'redis'],
      edit: (environment) => {
        const { local, secondary } = environment.repositories;
        if (local?.type !== 'posix' || secondary === undefined) throw new Error('the golden repositories are folders');
        const primary = { ...local, path: join(folder, 'repositories', 'primary') };
        return { ...environment, repositories: { primary, secondary, local } };
      },
    });
    await rename(join(folder, 'repositories', 'secondary'), join(folder, 'lost'));
    const { stdout } = await drEnds(0, site.envFile, ['restore', '--to', 'latest']);
    expect(stdout).toMatch(/^note: primary was passed over: the folder \S+ does not exist$/m);
    expect(stdout).toMatch(/^note: secondary was passed over: the folder \S+ does not exist$/m);
    expect(stdout).toMatch(/^ready: restored to latest from local/m);
    expect(stdout).toMatch(/^TIER +WORKLOAD +DATA UP TO +BEFORE THE DISASTER$/m);
    expect(stdout).toMatch(/^P1 +redis +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? UTC +\d+ /m);
    const redis = await site.redis();
    try {
      expect(await redis.dbsize()).toBe(facts.redis.keys);
    } finally {
      redis.disconnect();
    }
  });
});
