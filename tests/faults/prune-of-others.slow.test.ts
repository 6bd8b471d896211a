/** A prune while a restore reads an old point, and one that somebody holds: set and WAL after it stay, and moments after it are reached. */
import { expect, test } from 'vitest';
import { openSite } from '../../recovery/config/site.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { runPrune } from '../../recovery/prune/run.ts';
import { leasePoint } from '../../recovery/storage/lease.ts';
import { drEnds, withGolden } from './golden.ts';

const DAY_MS = 86_400_000;

test.each(['leased', 'held'])('a %s point keeps its WAL', async (how) => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const { points, times } = golden.facts;
    // Two newer full points: nothing else needs the WAL after the first.
    for (let n = 0; n < 2; n += 1)
      await drEnds(0, source.envFile, ['backup', '--kind', 'full', '--only', 'postgres', '--repository', 'local']);
    const site = await openSite(source.envFile, silentLog);
    const repository = site.repository('local');
    if (how === 'leased') {
      const ttlSeconds = 100 * 86_400;
      await leasePoint(await repository.store('restorer'), repository.layout, {
        point: points.full,
        holder: 'somebody',
        ttlSeconds,
      });
    } else await drEnds(0, source.envFile, ['points', 'mark', points.full, 'hold', '--repository', 'local']);
    const { outcomes } = await runPrune(site, {
      repositories: ['local'],
      dryRun: false,
      now: () => new Date(Date.now() + 40 * DAY_MS),
      progress: () => undefined,
      approve: async () => undefined,
    });
    expect(outcomes[0]?.error).toBeUndefined();
    expect(outcomes[0]?.plan?.remove).not.toContain(points.full);

    const target = await golden.emptySite('second', { workloads: ['postgres'] });
    const args = ['--only', 'postgres', '--from', 'local', '--no-backup'];
    const { stdout } = await drEnds(0, target.envFile, ['restore', '--to', times.afterIncremental, ...args]);
    expect(stdout).toContain('ready: restored to');
  });
});
