/** A PostgreSQL of the platform is followed, taken over under load, and taken back: with two real servers. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstFindings } from '../../../recovery/adopt/postgres/checks.ts';
import { firstFacts, managedFacts } from '../../../recovery/adopt/postgres/facts.ts';
import { followPostgres, giveUpPostgres, planPostgres, refusalOf } from '../../../recovery/adopt/postgres/run.ts';
import { switchPostgres } from '../../../recovery/adopt/postgres/switch.ts';
import { refuseLoss, undoPostgres, writtenSince } from '../../../recovery/adopt/postgres/undo.ts';
import type { Memory } from '../../../recovery/adopt/types.ts';
import { poll } from '../../../recovery/core/poll.ts';
import { PASSWORDS, startWriter, TwoDatabases } from './two-databases.ts';

const ROOM = { claimBytes: 1e9, memoryBytes: 4e9, memberAddress: '127.0.0.1' };

let folder: string;
let two: TwoDatabases;

beforeAll(async () => {
  folder = await mkdtemp('/tmp/dr-adopt-');
  await chmod(folder, 0o755);
  two = await TwoDatabases.start(folder);
}, 60_000);

afterAll(async () => {
  await two.stop();
  await rm(folder, { recursive: true, force: true });
});

const findings = async (more: Parameters<TwoDatabases['request']>[0] = {}, ports = two.ports()) =>
  (await planPostgres(ports, two.request(more), ROOM)).plan.findings.map(({ code, fact }) => `${code}: ${fact}`);
const memory = () => two.platform.memory as Memory;
const atManaged = (text: string) => two.managed.sql(text, 'postgres', 'shop');

describe('before anything changes', () => {
  test('a sound source has nothing against it but what is worth knowing', async () => {
    const planned = await planPostgres(two.ports(), two.request(), ROOM);
    expect(refusalOf(planned)).toBeUndefined();
    expect(planned.plan).toMatchObject({ generation: 2, claims: ['data-postgres-0'], slot: 'dr_adopt_beside' });
    expect(planned.plan.findings.map(({ code }) => code)).toEqual(['NO-CHECKSUMS']);
  });

  test('a wrong password, a role without rights, and a server that is not there are said', async () => {
    const as = (user: string, password: string) => findings({}, two.ports({ user, password }));
    await expect(as('shop', 'wrong')).rejects.toMatchObject({ code: 'SOURCE-DENIED', exit: 2 });
    expect(await as('orders', PASSWORDS.orders)).toEqual([
      expect.stringMatching(/^SOURCE-RIGHTS: the role orders is no/),
    ]);
  });

  test.each([
    ['SLOT-UNLIMITED', [], [], { slotLimit: undefined }],
    [
      'SLOT-TAKEN',
      ["SELECT pg_create_physical_replication_slot('dr_adopt_beside')"],
      ["SELECT pg_drop_replication_slot('dr_adopt_beside')"],
      {},
    ],
    ['ROLE-TAKEN', ['CREATE ROLE replicator'], ['DROP ROLE replicator'], {}],
    ['UNLOGGED', ['CREATE UNLOGGED TABLE carts (n int)'], ['DROP TABLE carts'], {}],
  ] as const)('%s refuses', async (code, make, unmake, more) => {
    for (const text of make) await two.source.sql(text, 'shop');
    const found = await findings(more);
    for (const text of unmake) await two.source.sql(text, 'shop');
    expect(found[0]).toMatch(new RegExp(`^${code}: `));
  });

  test('two servers behind one name, and a standby, are refused', async () => {
    const ports = two.ports();
    const other = two.managedPort;
    const asSource = {
      describe: 'other',
      open: async () => ({ query: (text: string) => other.query(text), async [Symbol.asyncDispose]() {} }),
    };
    expect((await findings({}, { ...ports, servers: [...ports.servers, asSource] }))[0]).toMatch(/^TWO-STORES: /);
    expect((await findings({}, { ...ports, servers: [asSource] }))[0]).toMatch(/^SOURCE-IS-OURS: /);
  });

  test('the stack’s own tables are not deleted without consent', async () => {
    await two.managed.sql('CREATE TABLE own (n int)', 'postgres');
    expect((await findings())[0]).toMatch(/^MANAGED-NOT-EMPTY: .*postgres\.public\.own/);
    expect(await findings({ deletesClaims: true })).toHaveLength(1);
    await two.managed.sql('DROP TABLE own', 'postgres');
  });

  test('nothing was changed', async () => {
    expect(memory()).toBeUndefined();
    expect(two.platform.done).toEqual([]);
    expect(await two.source.sql("SELECT 1 FROM pg_roles WHERE rolname = 'replicator'", 'shop')).toEqual([]);
  });
});

describe('the stack’s server', () => {
  const follow = async () => {
    const ports = two.ports();
    return followPostgres(ports, await planPostgres(ports, two.request(), ROOM), two.request());
  };

  test('follows, although the first run died on the way', async () => {
    two.onBegin = async () => {
      throw new Error('killed');
    };
    await expect(follow()).rejects.toThrow('killed');
    expect(memory()).toMatchObject({
      phase: 'preparing',
      slot: 'dr_adopt_beside',
      madeRoles: ['replicator', 'postgres'],
    });
    two.onBegin = async () => {};
    expect(await follow()).toMatchObject({ streams: true, slot: 'reserved' });
    expect(memory()).toMatchObject({ phase: 'following', generation: 2, slotLimitBefore: '-1' });
    expect(two.begun).toMatchObject([
      { generation: 2, follow: { passwords: 'scram', settings: { max_connections: 100 } } },
    ]);
  });

  test('has the source’s settings without those of its host, and no secret is in the source’s log', async () => {
    const [row] = await two.managed.sql(
      `SELECT current_setting('work_mem') AS work, current_setting('archive_timeout') AS timeout,
        current_setting('archive_command') AS command`,
      'postgres',
    );
    expect(row).toMatchObject({ work: '7MB', timeout: '0' });
    expect(row?.command).not.toBe('false');
    expect(await two.log()).not.toContain(PASSWORDS.replication);
  });

  test('a switch whose lag does not end goes back by itself', async () => {
    await two.managed.sql('SELECT pg_wal_replay_pause()', 'postgres');
    const writer = startWriter(two);
    await poll(
      { seconds: 10, everySeconds: 0.05 },
      async () => writer.acknowledged.length,
      (n) => n > 20,
    );
    const failed = switchPostgres(two.ports(), memory(), { lagSeconds: 5 });
    await expect(failed).rejects.toMatchObject({ code: 'LAG-DID-NOT-END' });
    expect(memory()).toMatchObject({ phase: 'following' });
    expect(two.platform.done).toEqual([
      'stop count',
      'stop orders',
      'stop auth',
      'start auth',
      'start orders',
      'start count',
    ]);
    const before = writer.acknowledged.length;
    await poll(
      { seconds: 10, everySeconds: 0.05 },
      async () => writer.acknowledged.length,
      (n) => n > before + 5,
    );
    expect(writer.acknowledged.length).toBeGreaterThan(before + 5);
    await writer.stop();
    await two.source.sql('DELETE FROM orders', 'shop', 'shop');
    await two.managed.sql('SELECT pg_wal_replay_resume()', 'postgres');
  });

  test('takes over under load, killed before the promotion, and no acknowledged write is lost', async () => {
    two.platform.done.length = 0;
    const writer = startWriter(two);
    await poll(
      { seconds: 10, everySeconds: 0.05 },
      async () => writer.acknowledged.length,
      (n) => n > 50,
    );
    two.onPromote = async () => {
      throw new Error('killed');
    };
    await expect(switchPostgres(two.ports(), memory(), { lagSeconds: 60 })).rejects.toThrow('killed');
    expect(memory()).toMatchObject({ phase: 'switching', switch: { asked: true } });
    two.onPromote = async () => {};
    const done = await switchPostgres(two.ports(), memory(), { lagSeconds: 60 });
    expect(done.phase).toBe('switched');
    expect(done.switch?.writesAfterSeconds).toBeLessThan(30);
    const before = writer.acknowledged.length;
    await poll(
      { seconds: 10, everySeconds: 0.05 },
      async () => writer.acknowledged.length,
      (n) => n > before + 20,
    );
    await writer.stop();
    const found = new Set((await atManaged('SELECT n FROM orders')).map(({ n }) => n));
    expect(writer.acknowledged.filter((n) => !found.has(n))).toEqual([]);
    expect(writer.acknowledged.length).toBeGreaterThan(before + 20);
    expect(two.platform.done).toEqual([
      'stop count',
      'stop orders',
      'stop auth',
      'repoint',
      'start auth',
      'start orders',
      'start count',
    ]);
  });

  test('the source lets nobody write any more, and keeps no WAL', async () => {
    await expect(two.source.connect('orders', 'shop', PASSWORDS.orders)).rejects.toThrow(/too many connections/);
    await expect(two.source.sql('INSERT INTO orders (n) VALUES (-1)', 'shop', 'shop')).rejects.toThrow(/read-only/);
    expect(await two.source.sql('SELECT 1 FROM pg_replication_slots', 'shop')).toEqual([]);
  });

  test('the new leader lets the platform and the stack in, each with its own password', async () => {
    for (const [user, password] of [
      ['orders', PASSWORDS.orders],
      ['postgres', PASSWORDS.superuser],
      ['go_coffee', 'stack-app'],
    ] as const) {
      await (await two.managed.connect(user, 'shop', password)).end();
    }
  });

  test('the way back says what would be lost, and goes with consent alone', async () => {
    const written = await writtenSince(two.managedPort, memory());
    expect(written.tables['shop.public.orders']).toBeGreaterThan(0);
    expect(() => refuseLoss(written, false)).toThrow(/changes? of rows since the switch: shop\.public\.orders \d+/);
    expect(() => refuseLoss(written, true)).not.toThrow();
    expect(() => refuseLoss({ tables: {}, rows: 0, certain: true }, false)).not.toThrow();
    expect(() => refuseLoss({ tables: {}, rows: 0, certain: false }, false)).toThrow('an unknown number of changes');
    expect(await undoPostgres(two.ports(), memory())).toMatchObject({ phase: 'undone' });
    expect(two.platform.leadsTo).toBe('platform');
    await two.source.sql('INSERT INTO orders (n) VALUES (-1)', 'orders', 'shop');
  });

  test('the stack’s copy of it does not make the source the stack’s: it is followed again, with consent', async () => {
    expect((await findings())[0]).toMatch(/^MANAGED-NOT-EMPTY: .*shop\.public\.orders/);
    const request = two.request({ deletesClaims: true });
    const planned = await planPostgres(two.ports(), request, ROOM);
    expect(refusalOf(planned)).toBeUndefined();
    // What lets nobody write was taken over, and the server itself is no source.
    const own = await managedFacts(two.managedPort);
    const first = await firstFacts(two.ports().source);
    const refused = (more: object) =>
      firstFindings([{ ...first, ...more }], own).map(({ code, fact }) => `${code}: ${fact}`);
    expect(first.systemId).toBe(own.systemId);
    expect(refused({ readOnly: true })).toEqual([expect.stringMatching(/^SOURCE-IS-OURS: .*taken over from it/)]);
    expect(refused({ startedAt: own.startedAt })).toEqual([expect.stringMatching(/^SOURCE-IS-OURS: /)]);
    expect(await followPostgres(two.ports(), planned, request)).toMatchObject({ streams: true });
    expect(memory().generation).toBe(3);
  });

  test('given up before the switch, the source is as it was, with its data, and the stack’s own begins empty', async () => {
    const done = await giveUpPostgres(two.ports(), memory());
    expect(done).toEqual(['slot dr_adopt_beside', 'max_slot_wal_keep_size -1', 'role replicator', 'role postgres']);
    expect(memory()).toBeUndefined();
    expect((await managedFacts(two.managedPort)).tables).toEqual([]);
    expect(await two.source.sql('SELECT 1 FROM orders WHERE n = -1', 'shop', 'shop')).toHaveLength(1);
    const auto = await two.source.sql(
      "SELECT name, setting FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf'",
      'shop',
    );
    expect(auto.map(({ name }) => name)).not.toContain('default_transaction_read_only');
    const limits = await two.source.sql('SELECT DISTINCT datconnlimit AS n FROM pg_database', 'shop');
    expect(limits).toEqual([{ n: -1 }]);
  });
});
