/** What no point names: it goes when it is old enough, unless the catalog shows that somebody was at it. Real engines. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite } from '../../../recovery/config/site.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import { type PruneResult, runPrune } from '../../../recovery/prune/run.ts';
import { dr, drEnds, withGolden } from '../../faults/golden.ts';

const DAY_MS = 24 * 3_600_000;

async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('a lineage that nobody names and nobody writes to', async () => {
  await withGolden(async (golden) => {
    const second = await golden.emptySite('second', { workloads: ['postgres', 'uploads'] });
    const { envFile } = second;
    const site = await openSite(envFile, silentLog);
    const lineages = join(golden.repositories, 'local/drill/pgbackrest');
    const [own, lost] = [join(lineages, 'first-1'), join(lineages, 'gone-7')];
    await second.run(['cp', '-a', own, lost]);
    const before = await filesBelow(own);
    const { full } = golden.facts.points;
    const prune = (days: number): Promise<PruneResult> =>
      runPrune(site, {
        repositories: ['local'],
        dryRun: false,
        now: () => new Date(Date.now() + days * DAY_MS),
        progress: () => undefined,
        approve: async () => {
          throw new Error('no point was to go');
        },
      });

    // Within the retention it may be what somebody restores to a moment from.
    expect((await prune(29)).exit).toBe(0);
    expect(await filesBelow(lost)).not.toEqual([]);

    // A point that was altered: what it named can't be told, so nothing is taken for nobody's.
    const document = join(golden.repositories, `local/drill/catalog/v1/points/${full}.json`);
    const text = await readFile(document, 'utf8');
    await writeFile(document, text.replace('"first-1"', '"other-1"'));
    const doubted = await prune(31);
    expect(doubted.exit).toBe(3);
    expect(doubted.outcomes[0]?.plan?.warnings.join()).toContain("can't be trusted");
    expect(await filesBelow(lost)).not.toEqual([]);
    await writeFile(document, text);

    const done = await prune(31);
    expect(done.exit).toBe(0);
    expect(done.outcomes[0]?.plan?.lineages.map(({ lineage, whole }) => [lineage, whole])).toEqual([
      ['first-1', false],
      ['gone-7', true],
    ]);
    expect(await filesBelow(lost)).toEqual([]);
    expect((await filesBelow(join(own, 'backup'))).sort()).toEqual(
      before.filter((file) => file.includes('/backup/')).sort(),
    );
    await drEnds(0, envFile, ['verify', '--repository', 'local']);
    expect(existsSync(join(site.environment.stateDir, 'prune'))).toBe(false);
    expect(existsSync(join(site.environment.stateDir, 'verify', 'local'))).toBe(false);
  });
});

test('while a backup of this host runs, and while somebody verifies, nothing is pruned', async () => {
  await withGolden(async (golden) => {
    const { envFile, paths } = await golden.emptySite('second', { workloads: ['uploads'] });
    const hold = async (file: string, what: string): Promise<string> => {
      const now = Date.now();
      const record = {
        apiVersion: 'go-coffee-dr/v1',
        kind: 'Lock',
        token: 1,
        holder: 'someone@elsewhere',
        what,
        since: new Date(now).toISOString(),
        expiresAt: new Date(now + 60_000).toISOString(),
        process: { host: 'elsewhere', boot: 'b', pidNamespace: 'p', pid: 1, started: '1' },
        nonce: 'n',
      };
      await writeFile(file, JSON.stringify(record));
      const { exitCode, stderr } = await dr(envFile, ['prune', '--repository', 'local']);
      expect(exitCode).toBe(6);
      return stderr;
    };
    // Any run makes the folders of the locks.
    await drEnds(0, envFile, ['prune', '--repository', 'local']);
    const own = join(paths.state, 'drill/locks');
    expect(await hold(join(own, 'redis.json'), 'dr backup --kind incremental')).toContain(
      'dr backup --kind incremental',
    );
    const shared = join(golden.repositories, 'local/drill/locks/prune.json');
    await rm(join(own, 'redis.json'));
    expect(await hold(shared, 'dr verify (local)')).toContain('dr verify (local)');
  });
});
