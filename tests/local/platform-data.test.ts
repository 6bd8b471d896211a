import { appendFile, chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkCanaries } from '../../drill/canaries.ts';
import { compareLedger } from '../../drill/load/compare.ts';
import { readLedger } from '../../drill/load/ledger.ts';
import { startLoad } from '../../drill/load/load.ts';
import { SELF_CHANGING_TABLES } from '../../drill/platform/schema.ts';
import { compareFolders, folderFingerprint } from '../../recovery/workloads/files/fingerprint.ts';
import { compareDatabases, databaseFingerprint } from '../../recovery/workloads/postgres/fingerprint.ts';
import { compareRedis, redisFingerprint } from '../../recovery/workloads/redis/fingerprint.ts';
import { withPlatform } from '../platform.ts';

test('fingerprints name exactly what differs, and nothing when nothing does', async () => {
  await withPlatform({}, async ({ platform }) => {
    const client = await platform.postgres();
    const exclude = SELF_CHANGING_TABLES;
    const before = await databaseFingerprint(client, { exclude });
    await client.query(`set timezone = 'Asia/Tokyo'; set datestyle = 'German'`);
    await client.query('update dr_heartbeat set at = now()');
    expect(compareDatabases(before, await databaseFingerprint(client, { exclude }))).toEqual([]);
    expect(await checkCanaries(client)).toEqual({ present: true, rows: 64, violations: [] });

    // Same content, another order on disk.
    await client.query('update accounts set full_name = full_name');
    expect(compareDatabases(before, await databaseFingerprint(client, { exclude }))).toEqual([]);
    await client.query(`update orders set note = note || ' ' where id = 17`);
    await client.query('delete from payments where id in (3, 4)');
    await client.query('drop table events');
    await client.query('drop index orders_account');
    await client.query('create table intruder (id int)');
    expect(
      compareDatabases(before, await databaseFingerprint(client, { exclude })).map((d) => [d.item, d.kind]),
    ).toEqual([
      ['public.events', 'missing'],
      ['public.intruder', 'added'],
      ['public.orders', 'changed'],
      ['public.payments', 'changed'],
    ]);
    await client.query(`update dr_canary set content = 'other' where id = 5`);
    await client.query('delete from dr_canary where id = 9');
    expect((await checkCanaries(client)).violations.map((v) => v.id)).toEqual([5, 0]);
    await client.query('drop table dr_canary');
    expect((await checkCanaries(client)).present).toBe(false);
    await client.end();

    const redis = await platform.redis();
    await redis.xadd('a-stream', '5-1', 'k', 'v');
    const full = await redisFingerprint(redis, { ignorePrefixes: ['probe:'] });
    expect(Object.keys(full.types).sort()).toEqual(['hash', 'list', 'set', 'stream', 'string', 'zset']);
    await redis.set('probe:x', '1');
    // Sets and hashes in another order, a lifetime that went on.
    await redis.sadd('regulars', 'extra');
    await redis.srem('regulars', 'extra');
    await redis.expire((await redis.keys('session:*'))[1] as string, 5_000);
    const drifted = compareRedis(full, await redisFingerprint(redis, { ignorePrefixes: ['probe:'] }));
    // The session may have been one without an end, which is a change.
    expect(drifted.length).toBeLessThanOrEqual(1);
    const clean = await redisFingerprint(redis, { ignorePrefixes: ['probe:'] });
    await redis.zadd('leaderboard:guests', 99_999, 'guest:1');
    await redis.del('regulars');
    await redis.rpush('added', 'x');
    expect(
      compareRedis(clean, await redisFingerprint(redis, { ignorePrefixes: ['probe:'] })).map((d) => [d.item, d.kind]),
    ).toEqual([
      ['regulars', 'missing'],
      ['added', 'added'],
      ['leaderboard:guests', 'changed'],
    ]);
    redis.disconnect();

    const uploads = platform.paths.folder('uploads');
    const files = await folderFingerprint(uploads);
    expect(compareFolders(files, await folderFingerprint(uploads))).toEqual([]);
    await rm(join(uploads, '00/latte-art-0.jpg'));
    await appendFile(join(uploads, '01/latte-art-1.jpg'), 'x');
    await chmod(join(uploads, '02/latte-art-2.jpg'), 0o777);
    await writeFile(join(uploads, 'new.txt'), '');
    expect(compareFolders(files, await folderFingerprint(uploads)).map((d) => [d.item, d.kind])).toEqual([
      ['00/latte-art-0.jpg', 'missing'],
      ['new.txt', 'added'],
      ['01/latte-art-1.jpg', 'changed'],
      ['02/latte-art-2.jpg', 'changed'],
    ]);
  });
});

test('a planted loss of N rows is reported as N, corruption as corruption, and nothing else', async () => {
  await withPlatform({}, async ({ platform, folder }) => {
    const ledgerFile = join(folder, 'ledger.jsonl');
    const load = await startLoad({ postgres: () => platform.postgres(), redis: () => platform.redis(), ledgerFile });
    await load.more(200);
    const summary = await load.stop();
    expect(summary.died).toBeUndefined();
    const entries = await readLedger(ledgerFile);
    expect(entries).toHaveLength(summary.acknowledged);
    const [postgres, redis] = [await platform.postgres(), await platform.redis()];
    const disasterAt = new Date((summary.lastAck as Date).getTime() + 5_000);
    const compare = async () => (await compareLedger({ entries, postgres, redis, disasterAt })).kinds;
    for (const kind of await compare()) {
      expect(kind).toMatchObject({ found: kind.acknowledged, missing: [], corrupted: [], lostSeconds: 0 });
      expect(kind.acknowledged).toBeGreaterThan(20);
    }
    const payments = entries.filter((entry) => entry.kind === 'payment');
    // Two may be acknowledged in one millisecond: both are lost, or neither.
    const lostFrom = payments.at(-7)?.at as string;
    const lost = payments.filter(({ at }) => at >= lostFrom).map((entry) => entry.id);
    expect(lost.length).toBeGreaterThanOrEqual(7);
    await postgres.query('delete from payments where reference = any($1)', [lost]);
    const wrong = entries.find((entry) => entry.kind === 'order')?.id as string;
    await postgres.query(`update orders set note = 'altered' where reference = $1`, [wrong]);
    const cart = entries.findLast((entry) => entry.kind === 'cart')?.id as string;
    await redis.del(cart);
    const [order, payment, carts, stream] = await compare();
    expect(order).toMatchObject({ missing: [], corrupted: [wrong], lostSeconds: 0 });
    expect(payment?.missing).toEqual(lost);
    const survivor = payments.filter(({ at }) => at < lostFrom).at(-1)?.at as string;
    expect(payment?.lostSeconds).toBeCloseTo((disasterAt.getTime() - Date.parse(survivor)) / 1000, 3);
    expect(carts?.missing).toEqual([cart]);
    expect(stream?.missing).toEqual([]);

    // What came after the recovery target is told apart from what was lost.
    const upTo = new Date(Date.parse(lostFrom) - 1);
    const asked = await compareLedger({ entries, postgres, disasterAt, upTo });
    expect(asked.kinds.find((k) => k.kind === 'payment')).toMatchObject({
      missing: [],
      lostSeconds: 0,
      beyond: { found: 0 },
    });
    await postgres.end();
    redis.disconnect();
  });
});

test('the load survives the death of its database, and all it promised is there afterwards', async () => {
  await withPlatform({}, async ({ platform, folder }) => {
    const ledgerFile = join(folder, 'ledger.jsonl');
    const load = await startLoad({ postgres: () => platform.postgres(), redis: () => platform.redis(), ledgerFile });
    await load.more(100);
    await platform.kill9();
    const summary = await load.ended;
    expect(summary.died).toBeDefined();
    // A torn line is what a crash of the drill itself would leave.
    await appendFile(ledgerFile, '{"kind":"order","id":"tor');
    const entries = await readLedger(ledgerFile);
    expect(entries).toHaveLength(summary.acknowledged);
    await platform.startStores();
    const postgres = await platform.postgres();
    const { kinds } = await compareLedger({ entries, postgres, disasterAt: new Date() });
    for (const kind of kinds) expect(kind).toMatchObject({ missing: [], corrupted: [] });
    await postgres.end();
  });
});
