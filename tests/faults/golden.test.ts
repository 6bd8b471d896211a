/** The fixture itself: every other test of this folder stands on it. */
import { expect, test } from 'vitest';
import { databaseFingerprint } from '../../recovery/workloads/postgres/fingerprint.ts';
import { redisFingerprint } from '../../recovery/workloads/redis/fingerprint.ts';
import { drEnds, editEnvironment, SELF_CHANGING, withGolden } from './golden.ts';

test('a copy of the golden site starts, holds its facts and can be backed up again', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const client = await source.postgres();
    const redis = await source.redis();
    try {
      expect(await databaseFingerprint(client, { exclude: SELF_CHANGING })).toEqual(golden.facts.database);
      const { keys, digest } = await redisFingerprint(redis);
      expect({ keys, digest }).toEqual(golden.facts.redis);
    } finally {
      redis.disconnect();
      await client.end();
    }
    const { stdout } = await drEnds(0, source.envFile, ['backup', '--kind', 'incremental', '-o', 'json']);
    const { runId } = JSON.parse(stdout) as { runId: string };
    const second = await golden.emptySite('second', { workloads: ['uploads'] });
    const points = await drEnds(0, second.envFile, ['points', '-o', 'json']);
    for (const id of [golden.facts.points.full, golden.facts.points.incremental, runId])
      expect(points.stdout).toContain(id);

    // What is read beside the database is as old as the last commit says that the database is replayed to.
    const plan = await drEnds(0, source.envFile, ['restore', '--to', golden.facts.points.full, '--dry-run']);
    expect(plan.stdout).not.toContain('older than the database');
    const written = await source.postgres();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await written.query('create table later (id int)');
    await written.query('select pg_switch_wal()');
    await written.end();
    const latest = await drEnds(0, source.envFile, ['restore', '--to', 'latest', '--dry-run']);
    expect(latest.stdout).toMatch(/^P2 +uploads .* UTC \(\d+(?:\.\d+)? s older than the database\)/m);

    // A workload that was configured later has no copy: there is no moment of the whole platform.
    await editEnvironment(second.envFile, (e) => ({
      ...e,
      folders: { ...e.folders, 'static-assets': { path: `${second.paths.root}-static` } },
    }));
    const lacking = await drEnds(0, second.envFile, ['points', '-o', 'json']);
    for (const row of JSON.parse(lacking.stdout).repositories) expect(row).toMatchObject({ lacks: ['static-assets'] });
    expect((await drEnds(0, second.envFile, ['points'])).stdout).toMatch(/no copy of static-assets/);
  });
});
