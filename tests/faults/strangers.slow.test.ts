/** Identity is proven and not typed: another host of the same site name, an empty new host, a restore that runs, an emptied store. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layout } from '../../plan/layout.ts';
import { openPosixStore } from '../../recovery/storage/posix/store.ts';
import { withLock } from '../../recovery/storage/with-lock.ts';
import { dr, drEnds, withGolden } from './golden.ts';

const INCREMENTAL = ['backup', '--kind', 'incremental', '--only'];

async function latestOf(envFile: string, workload: string, args: readonly string[] = []) {
  const { stdout } = await drEnds(0, envFile, [
    'restore',
    '--to',
    'latest',
    '--only',
    workload,
    '--dry-run',
    '-o',
    'json',
    ...args,
  ]);
  const plan = JSON.parse(stdout).data ?? JSON.parse(stdout);
  return { point: plan.items[0].point as string, warnings: (plan.warnings as string[]).join('\n') };
}

test('a host that is not the site’s own writes nothing until it takes its place', async () => {
  await withGolden(async (golden) => {
    // An empty new host, whose cron begins before it is restored.
    const fresh = await golden.emptySite('second', { workloads: ['uploads'] });
    await mkdir(fresh.paths.folder('uploads'), { recursive: true });
    for (let run = 0; run < 2; run += 1) {
      const refused = await drEnds(6, fresh.envFile, [...INCREMENTAL, 'uploads']);
      expect(refused.stderr).toMatch(/^DR-SITE-STRANGER site second: this host .* was never prepared/m);
      expect(refused.stderr).toMatch(/^hint: .*dr init --adopt/m);
    }

    // The same name as the site that is there.
    const twin = await golden.emptySite('first', { workloads: ['redis', 'uploads'] });
    await mkdir(twin.paths.folder('uploads'), { recursive: true });
    await writeFile(join(twin.paths.folder('uploads'), 'other.txt'), 'of another host');
    for (const args of [[...INCREMENTAL, 'uploads'], ['init']]) {
      const refused = await drEnds(6, twin.envFile, args);
      expect(refused.stderr).toMatch(/^DR-SITE-STRANGER site first: \S+ writes for "first" \(last: \S+\)/m);
    }
    expect((await latestOf(twin.envFile, 'uploads')).point).toBe(golden.facts.points.incremental);

    await drEnds(0, twin.envFile, ['init', '--adopt']);
    // Its uploads are fewer than those of the site that it took over.
    const adopted = await drEnds(3, twin.envFile, [...INCREMENTAL, 'uploads']);
    expect(adopted.stdout).toMatch(/WARNING uploads in local is suspect: 1 files instead of/);
  });
});

test('the old host is the stranger once another has taken its place', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    await drEnds(0, source.envFile, [...INCREMENTAL, 'uploads']);
    const state = source.environment.stateDir;
    await cp(join(state, 'identity.json'), join(state, 'kept.json'));
    await drEnds(0, source.envFile, ['init', '--adopt']);
    await drEnds(0, source.envFile, [...INCREMENTAL, 'uploads']);
    await cp(join(state, 'kept.json'), join(state, 'identity.json'));
    const { stderr } = await drEnds(6, source.envFile, [...INCREMENTAL, 'uploads']);
    expect(stderr).toMatch(/^DR-SITE-STRANGER site first/m);
  });
});

test('an emptied store is saved, marked suspect, and not latest; a restore holds backups off', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const { incremental } = golden.facts.points;
    const redis = await source.redis();
    await redis.flushall();
    redis.disconnect();
    await rm(source.paths.folder('uploads'), { recursive: true });
    await mkdir(source.paths.folder('uploads'), { recursive: true });
    for (let run = 0; run < 2; run += 1) {
      const { stdout } = await drEnds(3, source.envFile, [...INCREMENTAL, 'redis,uploads']);
      expect(stdout).toMatch(/WARNING redis in local is suspect: 0 keys instead of \d+, 100% less/);
      expect(stdout).toMatch(/WARNING uploads in local is suspect: 0 files instead of \d+/);
    }
    for (const workload of ['redis', 'uploads']) {
      const { point, warnings } = await latestOf(source.envFile, workload);
      expect(point).toBe(incremental);
      expect(warnings).toMatch(new RegExp(`${workload} of \\S+ was skipped: 0 (keys|files) instead of`));
      expect((await latestOf(source.envFile, workload, ['--allow-suspect'])).point > incremental).toBe(true);
    }
    const emptied = (await latestOf(source.envFile, 'redis', ['--allow-suspect'])).point;
    await drEnds(0, source.envFile, ['points', 'mark', emptied, 'clean']);
    expect((await latestOf(source.envFile, 'redis')).point).toBe(emptied);

    const { name, site, stateDir } = source.environment;
    await withLock(
      openPosixStore(stateDir),
      layout(name).lock(`restore-${site}`),
      { what: 'dr restore --to latest' },
      async () => {
        const refused = await dr(source.envFile, [...INCREMENTAL, 'uploads']);
        expect(refused.exitCode, refused.stderr).toBe(6);
        expect(refused.stderr).toMatch(
          /^DR-RESTORE-RUNNING site first: it is being restored: .*dr restore --to latest/m,
        );
      },
    );
  });
});
