/** A mark `compromised` stands in the way of `latest` and of every moment that only a replay through it reaches, wherever it was set. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds, withGolden } from './golden.ts';

test('a mark in one repository counts in the others, and without its point', async () => {
  await withGolden(async (golden) => {
    const { points, times } = golden.facts;
    const site = await golden.emptySite('second', { workloads: ['postgres', 'uploads'] });
    await drEnds(0, site.envFile, ['points', 'mark', points.incremental, 'compromised', '--repository', 'local']);
    const restore = (exit: number, to: string, from: string) =>
      drEnds(exit, site.envFile, ['restore', '--to', to, '--dry-run', '--from', from]);

    const latest = await restore(0, 'latest', 'secondary');
    expect(latest.stdout).toContain(`without replay: the later point ${points.incremental} is marked compromised`);
    // The set is older than the mark, and its WAL leads past it.
    expect((await restore(2, times.afterIncremental, 'secondary')).stderr).toContain('DR-TARGET-COMPROMISED');
    await drEnds(0, site.envFile, [
      ...['restore', '--to', times.afterIncremental, '--dry-run'],
      ...['--from', 'secondary', '--allow-compromised'],
    ]);

    // An intruder who can write removes the point that stands in the way; its mark is signed.
    await rm(join(golden.repositories, 'local/drill/catalog/v1/points', `${points.incremental}.json`));
    expect((await restore(2, times.afterIncremental, 'local')).stderr).toContain('DR-TARGET-COMPROMISED');

    // The last verdict counts, wherever it was given.
    await drEnds(0, site.envFile, ['points', 'mark', points.incremental, 'clean', '--repository', 'secondary']);
    await restore(0, times.afterIncremental, 'secondary');
  });
});
