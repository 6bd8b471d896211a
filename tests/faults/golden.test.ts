/** The fixture itself: every other test of this folder stands on it. */
import { expect, test } from 'vitest';
import { databaseFingerprint } from '../../recovery/workloads/postgres/fingerprint.ts';
import { redisFingerprint } from '../../recovery/workloads/redis/fingerprint.ts';
import { drEnds, SELF_CHANGING, withGolden } from './golden.ts';

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
  });
});
