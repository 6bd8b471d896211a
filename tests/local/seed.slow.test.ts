/** `dr restore-volume` with real engines: an empty volume becomes the snapshot of a point, and no other volume changes. */
import { mkdir, readdir, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import type { Platform } from '../../drill/platform/platform.ts';
import { startRedis, stopRedis } from '../../drill/platform/redis.ts';
import { backupPath, snapshotsOfRun } from '../../recovery/engines/restic/actions.ts';
import { openRestic } from '../../recovery/engines/restic/restic.ts';
import { restoreSnapshot } from '../../recovery/engines/restic/restore.ts';
import { forgeIn } from '../faults/forge-point.ts';
import { drEnds, type Golden, startDr, withGolden } from '../faults/golden.ts';

const SEED = ['restore-volume', 'redis', '--from'];

async function emptyVolume(golden: Golden): Promise<{ site: Platform; volume: string }> {
  const site = await golden.emptySite('second', { workloads: ['redis'] });
  const volume = site.paths.redisData;
  await mkdir(volume, { recursive: true });
  return { site, volume };
}

async function keysOf(site: Platform): Promise<number> {
  await startRedis(site.run, site.paths, site.runAs);
  const redis = await site.redis();
  const keys = await redis.dbsize();
  redis.disconnect();
  return keys;
}

test('an empty volume is filled from the named repository, and Redis has every key; then it is left alone', async () => {
  await withGolden(async (golden) => {
    const { site, volume } = await emptyVolume(golden);
    const { stdout } = await drEnds(0, site.envFile, [...SEED, 'secondary', '-o', 'json']);
    const { keys } = golden.facts.redis;
    const from = { repository: 'secondary', point: golden.facts.points.incremental };
    expect(JSON.parse(stdout)).toMatchObject({ decision: 'fill', keys, mark: { life: 'second-1', from } });
    expect((await readdir(volume)).sort()).toEqual(['appendonlydir', 'dump.rdb', 'seeded-from.json']);
    expect(await keysOf(site)).toBe(keys);

    const redis = await site.redis();
    await redis.set('since', 'then');
    redis.disconnect();
    // The server runs, and the repositories are gone: a restart of the pod must not need them.
    await rename(golden.repositories, `${golden.repositories}.away`);
    const again = await drEnds(0, site.envFile, [...SEED, 'secondary']);
    expect(again.stdout).toContain('holds the data of second-1');
    const live = await site.redis();
    expect(await live.get('since')).toBe('then');
    live.disconnect();
  });
});

test('a snapshot that is cut short fills nothing; the point before it does', async () => {
  await withGolden(async (golden) => {
    const { site, volume } = await emptyVolume(golden);
    const forge = await forgeIn(site);
    const capture = await forge.newest('redis');
    const restic = openRestic(forge.site, forge.site.repository('local'), 'writer');
    const cut = join(golden.folder, 'cut');
    await restoreSnapshot(restic, { snapshot: capture.snapshot, folder: cut });
    const path = join(cut, capture.path);
    await truncate(join(path, 'dump.rdb'), 200);
    const { bytes, files } = await backupPath(restic, {
      path,
      tags: ['workload=redis', 'run=cut'],
      host: 'first',
      parent: undefined,
    });
    const snapshot = (await snapshotsOfRun(restic, 'cut')).get('redis');
    if (snapshot === undefined) throw new Error('the snapshot is there');
    const facts = { path, snapshot: snapshot.id, digest: snapshot.tree, bytes, objects: files };
    await forge.write([{ ...capture, ...facts, capturedAt: new Date(snapshot.time).toISOString() }]);

    const { stderr } = await drEnds(5, site.envFile, [...SEED, 'local']);
    expect(stderr).toContain('DR-REDIS-RDB');
    expect(await readdir(volume)).toEqual(['.seeding']);

    await drEnds(0, site.envFile, [...SEED, 'local', '--to', golden.facts.points.incremental]);
    expect(await keysOf(site)).toBe(golden.facts.redis.keys);
  });
});

test('killed at any moment, the next run ends it; a server’s own files are never touched', async () => {
  await withGolden(async (golden) => {
    const { site, volume } = await emptyVolume(golden);
    const killed = startDr(site.envFile, [...SEED, 'secondary']);
    await waitFor('it has begun', async () => !killed.alive() || (await readdir(volume)).length > 0);
    killed.kill9();
    await killed.done;
    await drEnds(0, site.envFile, [...SEED, 'secondary']);
    expect((await readdir(volume)).sort()).toEqual(['appendonlydir', 'dump.rdb', 'seeded-from.json']);

    // As it is between two of the last renames.
    const [ready, mark] = [join(volume, '.seeding', 'ready'), join(volume, '.seeding', 'mark')];
    for (const folder of [ready, mark]) await mkdir(folder, { recursive: true });
    await rename(join(volume, 'appendonlydir'), join(ready, 'appendonlydir'));
    await rename(join(volume, 'seeded-from.json'), join(mark, 'seeded-from.json'));
    const { stdout } = await drEnds(0, site.envFile, [...SEED, 'secondary', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ decision: 'finish', mark: { from: { repository: 'secondary' } } });
    expect(await keysOf(site)).toBe(golden.facts.redis.keys);
    await stopRedis(site.paths);

    // Another's file where one of ours has to go.
    for (const folder of [ready, mark]) await mkdir(folder, { recursive: true });
    await rename(join(volume, 'seeded-from.json'), join(mark, 'seeded-from.json'));
    await writeFile(join(ready, 'dump.rdb'), 'ours');
    const before = await readFile(join(volume, 'dump.rdb'));
    const { stderr } = await drEnds(2, site.envFile, [...SEED, 'secondary']);
    expect(stderr).toContain('DR-SEED-OCCUPIED');
    expect(await readFile(join(volume, 'dump.rdb'))).toEqual(before);
  });
});

test('a repository that is away, a workload that is no Redis, a folder that is not there', async () => {
  await withGolden(async (golden) => {
    const { site, volume } = await emptyVolume(golden);
    const other = await drEnds(2, site.envFile, ['restore-volume', 'postgres', '--from', 'local']);
    expect(other.stderr).toContain('DR-SEED-WORKLOAD postgres: is of type postgres');
    await rename(golden.repositories, `${golden.repositories}.away`);
    const away = await startDr(site.envFile, [...SEED, 'secondary']).done;
    expect(away.exitCode).toBeGreaterThan(0);
    expect(await readdir(volume)).toEqual([]);
    await rename(volume, `${volume}.away`);
    const gone = await drEnds(2, site.envFile, [...SEED, 'secondary']);
    expect(gone.stderr).toContain(`DR-SEED-NO-VOLUME ${volume}: can't be read (ENOENT)`);
  });
});
