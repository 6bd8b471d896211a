/** The region of the primary repository is gone. The restore reads the next repository, says so, and measures what was lost. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { databaseFingerprint } from '../../recovery/workloads/postgres/fingerprint.ts';
import { drEnds, SELF_CHANGING, withGolden } from './golden.ts';

interface Restored {
  readonly plan: { readonly repository: string; readonly warnings: readonly string[] };
  readonly losses: readonly { readonly workload: string; readonly recoveredTo: string; readonly seconds: number }[];
  readonly ready: boolean;
  readonly tiers: readonly { readonly tier: string; readonly met: boolean }[];
}

test('without --from the unreachable repository is skipped', async () => {
  await withGolden(async ({ facts, repositories, emptySite }) => {
    await rm(join(repositories, 'local'), { recursive: true });
    const site = await emptySite('second', { workloads: ['postgres'] });
    const declared = new Date(Date.parse(facts.times.lastCommit) + 1000).toISOString();
    const flags = ['--to', 'latest', '--no-backup', '-o', 'json', '--declared-at', declared];
    const { stdout } = await drEnds(0, site.envFile, ['restore', ...flags]);
    const { plan, losses, ready } = JSON.parse(stdout) as Restored;
    expect(plan.repository).toBe('secondary');
    expect(plan.warnings).toEqual([
      expect.stringMatching(/^secondary also holds .*uploads.*: the environment file has no place for it/),
      expect.stringMatching(/^local was passed over: the folder \S+ does not exist$/),
    ]);
    expect(ready).toBe(true);

    // The last row was committed just before `lastCommit` was read.
    const { recoveredTo = '', seconds } = losses.find((loss) => loss.workload === 'postgres') ?? {};
    expect(recoveredTo > facts.times.afterIncremental && recoveredTo <= facts.times.lastCommit).toBe(true);
    expect(seconds).toBeCloseTo((Date.parse(declared) - Date.parse(recoveredTo)) / 1000, 3);

    // The same restore, eight hours after the disaster was declared: all of it is there, and too late.
    const late = new Date(Date.now() - 8 * 3600_000).toISOString();
    const again = await emptySite('third', { workloads: ['uploads'] });
    const told = await drEnds(4, again.envFile, ['restore', '--to', 'latest', '--no-backup', '--declared-at', late]);
    expect(told.stdout).toMatch(/^P2 .* MISSED$/m);

    const client = await site.postgres();
    try {
      expect(await databaseFingerprint(client, { exclude: SELF_CHANGING })).toEqual(facts.database);
    } finally {
      await client.end();
    }
  });
});
