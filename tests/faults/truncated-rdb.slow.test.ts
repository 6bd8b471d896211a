/** A snapshot holds a truncated RDB: Redis is not touched, and the previous good point is offered. */
import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startRedis } from '../../drill/platform/redis.ts';
import { backupPath, snapshotsOfRun } from '../../recovery/engines/restic/actions.ts';
import { openRestic } from '../../recovery/engines/restic/restic.ts';
import { restoreSnapshot } from '../../recovery/engines/restic/restore.ts';
import { type Forge, forgeIn } from './forge-point.ts';
import { drEnds, withGolden } from './golden.ts';
import { stateOf } from './untouched.ts';

/** A newer point whose Redis snapshot lacks the end of its RDB. */
async function writeTruncated({ site, newest, write }: Forge, folder: string): Promise<string> {
  const capture = await newest('redis');
  const restic = openRestic(site, site.repository('local'), 'writer');
  await restoreSnapshot(restic, { snapshot: capture.snapshot, folder });
  const path = join(folder, capture.path);
  const rdb = join(path, 'dump.rdb');
  const { size } = await stat(rdb);
  await truncate(rdb, size - 100);
  const backed = await backupPath(restic, {
    path,
    tags: ['workload=redis', 'run=cut'],
    host: 'first',
    parent: undefined,
  });
  const snapshot = (await snapshotsOfRun(restic, 'cut')).get('redis');
  if (!snapshot) throw new Error('the snapshot is there');
  const capturedAt = new Date(snapshot.time).toISOString();
  const { bytes, files: objects } = backed;
  return write([{ ...capture, path, snapshot: snapshot.id, digest: snapshot.tree, capturedAt, bytes, objects }]);
}

test('refused, and the point before it restores Redis', async () => {
  await withGolden(async ({ folder, facts, emptySite }) => {
    const site = await emptySite('second', { workloads: ['redis'] });
    await startRedis(site.run, site.paths, site.runAs);
    const live = await site.redis();
    await live.set('unsaved', 'only here');
    await writeTruncated(await forgeIn(site), join(folder, 'cut'));
    const before = await stateOf(site);
    const argv = ['restore', '--to', 'latest', '--only', 'redis', '--confirm', 'drill'];
    const { stdout } = await drEnds(5, site.envFile, argv);
    expect(stdout).toMatch(/^redis: DR-REDIS-RDB \S+dump\.rdb: redis-check-rdb: .*EOF/m);
    const { incremental } = facts.points;
    expect(stdout).toContain(
      `the one before is of ${incremental}: dr restore --to ${incremental} --only redis --from local`,
    );
    expect(stdout).toMatch(/^NOT ready/m);
    expect(await live.get('unsaved')).toBe('only here');
    live.disconnect();
    expect(await stateOf(site)).toMatchObject({ redis: before.redis });

    await drEnds(0, site.envFile, [
      'restore',
      '--to',
      incremental,
      '--only',
      'redis',
      '--from',
      'local',
      '--confirm',
      'drill',
    ]);
    const redis = await site.redis();
    expect(await redis.get('unsaved')).toBeNull();
    expect(await redis.dbsize()).toBe(facts.redis.keys);
    redis.disconnect();
  });
});
