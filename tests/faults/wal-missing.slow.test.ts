/** A WAL segment is missing: refused before anything is touched, with the last reachable time. That time can then be restored. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds, type Golden, withGolden } from './golden.ts';
import { stateOf } from './untouched.ts';

async function loseSegment(golden: Golden, segment: string): Promise<void> {
  const folder = join(
    golden.repositories,
    'local/drill/pgbackrest/first-1/archive/go-coffee/15-1',
    segment.slice(0, 16),
  );
  const files = (await readdir(folder)).filter((name) => name.startsWith(`${segment}-`));
  expect(files).toHaveLength(1);
  for (const name of files) await rm(join(folder, name));
}

test('time targets and latest are refused; the named moment can be reached', async () => {
  await withGolden(async (golden) => {
    const { times, rows, walAfterIncremental } = golden.facts;
    const lost = walAfterIncremental[3] as string;
    await loseSegment(golden, lost);
    const site = await golden.emptySite('second', { workloads: ['postgres'] });
    const before = await stateOf(site);
    const named: string[] = [];
    for (const target of ['latest', times.lastCommit]) {
      const { stderr } = await drEnds(2, site.envFile, ['restore', '--to', target]);
      expect(stderr).toContain(`WAL segment ${lost} is missing`);
      expect(stderr).toContain('name another repository with --from');
      named.push(/the last moment that can be reached is (\S+)/.exec(stderr)?.[1] ?? '');
    }
    expect(await stateOf(site)).toEqual(before);
    expect(named[0]).toBe(named[1]);
    const [reachable = ''] = named;
    expect(reachable > times.afterIncremental && reachable < times.lastCommit).toBe(true);

    // The other repository is whole, and this one still reaches a moment before the gap.
    await drEnds(0, site.envFile, ['restore', '--to', 'latest', '--from', 'secondary', '--dry-run']);
    await drEnds(0, site.envFile, ['restore', '--to', times.afterIncremental, '--from', 'local', '--dry-run']);

    await drEnds(0, site.envFile, ['restore', '--to', reachable, '--no-backup']);
    const client = await site.postgres();
    const { rows: found } = await client.query(
      'SELECT phase, count(*)::int AS n FROM golden_rows GROUP BY 1 ORDER BY 1',
    );
    await client.end();
    const after = found.find((row) => row.phase === 'after incremental')?.n as number;
    expect(found).toContainEqual({ phase: 'before incremental', n: rows.beforeIncremental });
    // Everything from the first two segments, and the third up to its last millisecond.
    expect(after).toBeGreaterThanOrEqual((2 * rows.afterIncremental) / walAfterIncremental.length);
    expect(after).toBeLessThanOrEqual((3 * rows.afterIncremental) / walAfterIncremental.length);
  });
});

test('a segment that the set itself needs', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: ['postgres'] });
    const { stdout } = await drEnds(0, site.envFile, ['restore', '--to', 'latest', '--dry-run', '-o', 'json']);
    const plan = JSON.parse(stdout) as { items: { workload: string; capture: { set: string; walStop: string } }[] };
    const { capture } = plan.items.find((item) => item.workload === 'postgres') ?? {};
    await loseSegment(golden, capture?.walStop ?? '');
    const before = await stateOf(site);
    for (const target of ['latest', golden.facts.points.incremental]) {
      const { stderr } = await drEnds(2, site.envFile, ['restore', '--to', target]);
      expect(stderr).toContain(
        `WAL segment ${capture?.walStop}, which the set ${capture?.set} itself needs, is missing`,
      );
    }
    expect(await stateOf(site)).toEqual(before);
    // The set before it has all the WAL that it needs.
    await drEnds(0, site.envFile, ['restore', '--to', golden.facts.points.full, '--dry-run']);
  });
});
