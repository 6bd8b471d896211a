/** A host whose clock is wrong makes backups, restores and prunes. Order is that of the catalog's chain, and never that of the dates. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { drEnds, withGolden } from './golden.ts';
import { shiftedClock } from './shifted-clock.ts';

const HOUR = 3600;
const FAR = 400 * 86_400;

async function backupFile(source: Platform, text: string, exit: number, clock = 0): Promise<string> {
  await writeFile(join(source.paths.folder('uploads'), 'state.txt'), text);
  const args = ['backup', '--kind', 'incremental', '--only', 'uploads', '-o', 'json'];
  const { stdout } = await drEnds(exit, source.envFile, args, { env: clock === 0 ? {} : shiftedClock(clock) });
  return JSON.parse(stdout).data?.runId ?? JSON.parse(stdout).runId;
}

/** The points that a restore of uploads would take, and what it says. */
async function planned(source: Platform, to: string, args: readonly string[] = [], clock = 0) {
  const { stdout } = await drEnds(
    0,
    source.envFile,
    ['restore', '--to', to, '--only', 'uploads', '--dry-run', '-o', 'json', ...args],
    { env: clock === 0 ? {} : shiftedClock(clock) },
  );
  const text = JSON.parse(stdout);
  const plan = text.data ?? text;
  return { point: plan.items[0].point as string, warnings: (plan.warnings as string[]).join('\n') };
}

test('latest is the newest of the chain, a point of next year is not taken unasked, and prune refuses', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const back = await backupFile(source, 'an hour back', 3, -HOUR);
    expect((await planned(source, 'latest')).point).toBe(back);
    expect((await planned(source, 'latest', [], -HOUR)).point).toBe(back);

    const future = await backupFile(source, 'next year', 3, FAR);
    const skipped = await planned(source, 'latest');
    expect(skipped.point).toBe(back);
    expect(skipped.warnings).toMatch(new RegExp(`${future} in local is dated .*, after now .*: it was skipped`));
    expect((await planned(source, future)).point).toBe(future);
    expect((await planned(source, 'latest', ['--allow-suspect'])).point).toBe(future);

    const newest = await backupFile(source, 'right again', 0);
    expect((await planned(source, 'latest')).point).toBe(newest);

    for (const clock of [0, FAR]) {
      const { stderr } = await drEnds(6, source.envFile, ['prune', '--confirm', 'drill'], {
        env: clock === 0 ? {} : shiftedClock(clock),
      });
      expect(stderr).toMatch(/^DR-CLOCK-DOUBT repository local: /m);
      expect(stderr).toMatch(clock === 0 ? /hint: .*dr points mark \S+ clean/ : /hint: set the clock right/);
    }
    await drEnds(0, source.envFile, ['points', 'mark', future, 'clean']);
    await drEnds(0, source.envFile, ['prune', '--confirm', 'drill']);
    expect((await planned(source, 'latest')).point).toBe(newest);
  });
});

test('a moment that can be reached is not refused by a host whose clock is behind', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: ['postgres', 'uploads'] });
    const { afterIncremental } = golden.facts.times;
    const args = ['restore', '--to', afterIncremental, '--dry-run'];
    await drEnds(0, site.envFile, args, { env: shiftedClock(-HOUR) });
    await drEnds(0, site.envFile, args, { env: shiftedClock(HOUR) });
    const tomorrow = new Date(Date.now() + FAR * 1000).toISOString();
    const { stderr } = await drEnds(2, site.envFile, ['restore', '--to', tomorrow, '--dry-run']);
    expect(stderr).toMatch(/^DR-TARGET-IN-FUTURE /m);
  });
});
