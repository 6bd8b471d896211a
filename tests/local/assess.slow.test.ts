import { cp, open, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { openSite } from '../../recovery/config/site.ts';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import type { CaptureFacts } from '../../recovery/points/point.ts';
import { assess } from '../../recovery/status/assess/assess.ts';
import { inspectPostgres } from '../../recovery/workloads/postgres/inspect.ts';
import { readRowCounts, rowCountFacts } from '../../recovery/workloads/postgres/row-counts.ts';
import { inspectRedis } from '../../recovery/workloads/redis/inspect.ts';
import { withPlatform } from '../platform.ts';

const { signal } = new AbortController();

async function query<Row extends object>(platform: Platform, sql: string): Promise<Row[]> {
  const client = await platform.postgres();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function xorByte(file: string, position: number): Promise<void> {
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, position);
  byte[0] = (byte[0] ?? 0) ^ 0xff;
  await handle.write(byte, 0, 1, position);
  await handle.close();
}

test('PostgreSQL: lost rows, a strange superuser and one flipped byte are each named', async () => {
  await withPlatform({}, async ({ platform }) => {
    const site = await openSite(platform.envFile);
    const settings = site.environment.postgres ?? expect.unreachable();
    const client = await platform.postgres();
    const before: CaptureFacts = rowCountFacts(await readRowCounts(client));
    await client.end();
    const look = () => inspectPostgres(site, { settings, before, signal });
    // A fresh server archives nothing, and no drill is told to.
    const archiveFault = { isOff: true, fact: 'archive_command is "", which ships nothing: run `dr init`' };
    expect((await look()).archiveFault).toEqual(archiveFault);
    const isolated = { ...site, environment: { ...site.environment, isolated: true as const } };
    expect(await inspectPostgres(isolated, { settings, before, signal })).not.toHaveProperty('archiveFault');
    expect(await look()).toMatchObject({
      server: 'up',
      files: 'well',
      damage: [],
      lostTables: [],
      unknownSuperusers: [],
    });

    // Its main process answers nobody: it runs, and that is not well.
    const pid = Number((await readFile(join(settings.dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGSTOP');
    try {
      expect(await look()).toMatchObject({
        server: 'up',
        unanswered: expect.stringMatching(`runs and does not answer: .* kill -CONT ${pid}$`),
      });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await look()).not.toHaveProperty('unanswered');

    await query(platform, 'create role mallory superuser; delete from payments; drop table order_items');
    const missing = await look();
    expect(missing.unknownSuperusers).toEqual(['mallory']);
    expect(missing.lostTables).toEqual([
      { table: 'public.order_items', rowsThen: before['rows:public.order_items'], rowsNow: undefined },
      { table: 'public.payments', rowsThen: before['rows:public.payments'], rowsNow: 0 },
    ]);
    expect(missing.files).toBe('well');

    await query(platform, 'checkpoint');
    const [orders] = await query<{ path: string }>(platform, `select pg_relation_filepath('orders') as path`);
    const file = join(settings.dataDir, orders?.path ?? '');
    await xorByte(file, 8192 + 4000);
    const named = `1 page with a wrong checksum: ${orders?.path} block 1`;
    expect(await look()).toMatchObject({ server: 'up', files: 'damaged', damage: [named] });

    await platform.stop();
    expect(await look()).toMatchObject({ server: 'down', files: 'damaged', damage: [named] });
    // PostgreSQL's own program, which wants a clean shutdown, must agree with us, before and after the repair.
    const bin = await findPostgresBin(settings.binDir);
    const own = async () => {
      const argv = [join(bin, 'pg_checksums'), '--check', '-D', settings.dataDir] as const;
      return (await platform.run([...argv], { as: platform.runAs, cwd: '/', accept: [0, 1] })).exitCode;
    };
    expect(await own()).toBe(1);
    await xorByte(file, 8192 + 4000);
    expect(await own()).toBe(0);
    expect(await look()).toMatchObject({ server: 'down', files: 'well', damage: [] });

    await rm(join(settings.dataDir, 'global', 'pg_control'));
    expect(await look()).toMatchObject({ files: 'damaged' });
  });
});

test('Redis and the whole site: emptied, cut short, gone', async () => {
  await withPlatform({}, async ({ platform }) => {
    const site = await openSite(platform.envFile);
    const settings = site.environment.redis ?? expect.unreachable();
    const redis = await platform.redis();
    await redis.save();
    expect(await inspectRedis(site, settings, { keys: 5 })).toMatchObject({ server: 'up', files: 'well' });
    const rdb = join(settings.dataDir, 'dump.rdb');
    await cp(rdb, `${rdb}.kept`);
    await truncate(rdb, 40);
    const cut = await inspectRedis(site, settings, { keys: 5 });
    expect(cut.files).toBe('damaged');
    expect(cut.facts.join()).toContain(rdb);
    await cp(`${rdb}.kept`, rdb);
    await redis.flushall();
    redis.disconnect();
    expect(await inspectRedis(site, settings, { keys: 5 })).toMatchObject({ server: 'up', files: 'empty' });

    await platform.kill9();
    const { paths, environment } = platform;
    const folders = Object.values(environment.folders).map(({ path }) => path);
    for (const path of [paths.postgresData, paths.redisData, paths.git, ...folders]) {
      await rm(path, { recursive: true, force: true });
    }
    const found = await assess(site, { now: () => new Date(), progress: () => {}, signal });
    expect(found).toMatchObject({ scenario: 'complete-failure', confidence: 'high' });
    expect(found.next.command).toBe(`dr doctor --env ${platform.envFile}`);
  });
});
