/** Two point-in-time restores in a row, then `latest`. Each generation is a lineage; rows of an abandoned one never come back. */
import type pg from 'pg';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { drEnds, withGolden } from './golden.ts';

interface Restored {
  readonly plan: {
    readonly warnings: readonly string[];
    readonly items: readonly {
      workload: string;
      capture: { lineage: string };
      end: { kind: string; timeline: number };
    }[];
  };
}

async function onceIn<T>(site: Platform, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await site.postgres();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Phases of the rows in the database. */
async function phases(site: Platform): Promise<string[]> {
  const { rows } = await onceIn(site, (client) => client.query('SELECT DISTINCT phase FROM golden_rows ORDER BY 1'));
  return rows.map((row: { phase: string }) => row.phase);
}

async function write(site: Platform, phase: string): Promise<void> {
  await onceIn(site, (client) => client.query("INSERT INTO golden_rows (phase, note) VALUES ($1, 'x')", [phase]));
}

test('the abandoned branches stay abandoned', async () => {
  await withGolden(async ({ startSource, facts }) => {
    const site = await startSource();
    const restore = async (target: string, ...flags: string[]) => {
      const argv = [
        'restore',
        '--to',
        target,
        '--only',
        'postgres',
        '--confirm',
        'drill',
        '--from',
        'local',
        '-o',
        'json',
      ];
      const { plan } = JSON.parse((await drEnds(0, site.envFile, [...argv, ...flags])).stdout) as Restored;
      const item = plan.items.find((i) => i.workload === 'postgres');
      return { lineage: item?.capture.lineage, end: item?.end, warnings: plan.warnings };
    };
    await write(site, 'abandoned 1');

    // Back to before the last rows; this generation is abandoned too.
    const first = await restore(facts.times.afterIncremental, '--no-backup');
    expect(first).toMatchObject({ lineage: 'first-1', end: { kind: 'time', timeline: 1 } });
    expect(await phases(site)).toEqual(['before full', 'before incremental']);
    await write(site, 'abandoned 2');

    const second = await restore(facts.times.afterFull, '--no-backup');
    expect(second).toMatchObject({ lineage: 'first-1', end: { kind: 'time', timeline: 1 } });
    expect(second.warnings).toContainEqual(
      expect.stringMatching(/of first-1; what was written here since \S+ \(first-2\) is not in it/),
    );
    expect(await phases(site)).toEqual(['before full']);

    // The generation that counts: a set of its own, and rows after it that only its own WAL holds.
    await write(site, 'kept, in the set');
    await drEnds(0, site.envFile, ['backup', '--kind', 'full', '--only', 'postgres', '--repository', 'local']);
    await write(site, 'kept, in the WAL');
    const latest = await restore('latest', '--no-backup');
    expect(latest).toMatchObject({ lineage: 'first-3', end: { kind: 'end-of-wal', timeline: 2 }, warnings: [] });
    expect(await phases(site)).toEqual(['before full', 'kept, in the WAL', 'kept, in the set']);
  });
});
