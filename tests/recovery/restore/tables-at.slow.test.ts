/** Tables of a moment beside the live ones, compared and written back, while others write; on a real server. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { drEnds, startDr } from '../../faults/dr-process.ts';
import { withChosenServer } from '../workloads/postgres/chosen-server.ts';

const SCHEMA = `
  CREATE SCHEMA "My Shop"; CREATE EXTENSION citext; CREATE TYPE "My Shop".state AS ENUM ('new', 'paid');
  CREATE DOMAIN "My Shop".money AS numeric CHECK (VALUE >= 0); CREATE ROLE reporter;
  CREATE TABLE customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail citext UNIQUE, photo oid);
  CREATE TABLE "My Shop"."Odd ""Orders""" (id serial, at date, state "My Shop".state DEFAULT 'new', price "My Shop".money,
    customer int REFERENCES customers, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE "My Shop".orders_1 PARTITION OF "My Shop"."Odd ""Orders""" FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
  CREATE TABLE "My Shop".orders_2 PARTITION OF "My Shop"."Odd ""Orders""" FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
  CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note = 'touched'; RETURN NEW; END $$;
  CREATE TABLE payments (id int PRIMARY KEY, amount int, note text);
  CREATE TRIGGER t BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION touched();
  CREATE TABLE log (line text);
  COMMENT ON TABLE customers IS 'who buys'; GRANT SELECT ON customers TO reporter;
  INSERT INTO customers (mail, photo) VALUES ('A@b.c', lo_from_bytea(0, '\\x0102'));
  INSERT INTO "My Shop"."Odd ""Orders""" (at, price, customer) SELECT '2026-01-01'::date + g, g, 1 FROM generate_series(0, 299) g;
  INSERT INTO payments SELECT g, g, 'paid' FROM generate_series(1, 1000) g;
  INSERT INTO log SELECT 'same' FROM generate_series(1, 3);`;

const ODD = 'My Shop."Odd ""Orders"""';
const beside = (name: string, ...tables: string[]) => [
  ...['restore', '--into-database', name],
  ...tables.flatMap((table) => ['--table', table]),
];

test('a drop and an update without WHERE under load: back beside, compared, merged, undone', async () => {
  await withChosenServer({}, async ({ sql, envFile, folder, ship }) => {
    await sql(SCHEMA);
    await drEnds(0, envFile, ['init', '--restart']);
    await drEnds(0, envFile, ['backup', '--kind', 'full', '--only', 'postgres']);
    const xid = async (statement: string): Promise<string> => {
      const [row] = await sql<{ xid: string }>(
        `WITH did AS (${statement} RETURNING 1) SELECT pg_current_xact_id()::text AS xid`,
      );
      return row?.xid ?? '';
    };
    const mistake = await xid('UPDATE payments SET amount = 0');
    // Others go on: one row that the mistake touched, and new ones.
    await sql("UPDATE payments SET amount = 77 WHERE id = 7; INSERT INTO payments VALUES (1001, 5, 'paid')");
    await sql('DELETE FROM log; DELETE FROM payments WHERE id IN (8, 9)');
    await sql(`DROP TABLE "My Shop"."Odd ""Orders"""`);

    await ship();

    const live = () =>
      sql(
        "SELECT count(*)::int AS n, sum(amount)::int AS sum, count(*) FILTER (WHERE note = 'touched')::int AS touched FROM payments",
      );
    const before = await live();
    const dry = await drEnds(0, envFile, [
      ...beside('one', 'public.payments'),
      '--to',
      `before:${mistake}`,
      '--dry-run',
    ]);
    expect(dry.stdout).toMatch(/would recover a side instance from \S+ .*: up to [\d.]+ ?\wB in/);
    const none = await drEnds(2, envFile, [...beside('one', 'public.payment'), '--to', `before:${mistake}`]);
    expect(none.stderr).toMatch(/^DR-TABLE-UNKNOWN --table: .*"public\.payment"\. Did you mean .*"public\.payments"/m);

    // Killed in the middle: a second one is told who holds the place, and the next one clears what was left.
    const all = [
      ...beside('one', 'public.payments', 'public.customers', 'public.log', ODD),
      '--to',
      `before:${mistake}`,
    ];
    const killed = startDr(envFile, all);
    const side = join(folder, 'state', 'side');
    const pid = join(side, 'postgres', 'data', 'postmaster.pid');
    for (let n = 0; n < 600 && !(await there(pid)); n += 1) await delay(50);
    process.kill(killed.pid, 'SIGSTOP');
    const second = await drEnds(6, envFile, [...beside('two', 'public.payments'), '--to', `before:${mistake}`]);
    expect(second.stderr).toMatch(/^DR-LOCKED /m);
    killed.kill9();
    await killed.done;
    const [row] = await sql<{ n: number }>("SELECT count(*)::int AS n FROM pg_database WHERE datname = 'two'");
    expect(row).toEqual({ n: 0 });
    await sql('DROP DATABASE IF EXISTS one', 'template1');

    const one = await drEnds(0, envFile, [...all, '--compare']);
    expect(await there(side)).toBe(false);
    expect(one.stdout).toMatch(/^public\.payments +1000$/m);
    expect(one.stdout).toMatch(/^public\.payments +id +0 +2 +998 +1$/m);
    expect(one.stdout).toMatch(/^public\.log +none: whole rows +0 +3 +0 +0$/m);
    expect(one.stdout).toContain(`note: the live database has no table ${ODD}`);
    expect(await live()).toEqual(before);
    const restored = await sql(
      `SELECT (SELECT count(*)::int FROM "My Shop"."Odd ""Orders""") AS orders, (SELECT lo_get(photo)::text FROM customers) AS photo,
        obj_description('customers'::regclass) AS said, has_table_privilege('reporter', 'customers', 'SELECT') AS granted,
        nextval('"My Shop"."Odd ""Orders""_id_seq"')::int AS next,
        (SELECT count(*)::int FROM pg_constraint WHERE contype = 'f' AND conparentid = 0) AS keys`,
      'one',
    );
    expect(restored).toEqual([{ orders: 300, photo: '\\x0102', said: 'who buys', granted: true, next: 301, keys: 1 }]);

    const merge = [...beside('one', 'public.payments'), '--merge', 'changed'];
    const refused = await drEnds(7, envFile, merge);
    expect(refused.stderr).toMatch(/^DR-CONFIRM-REFUSED /m);
    expect(await live()).toEqual(before);
    const done = await drEnds(0, envFile, [...merge, '--confirm', 'drill']);
    expect(done.stdout).toMatch(/^public\.payments +997$/m);
    expect(done.stdout).toContain('note: 1 row of public.payments changed since then and stayed');
    // The row that somebody paid since then, and the new one, are as they were; no trigger has run.
    expect(await sql('SELECT id, amount, note FROM payments WHERE id IN (1, 7, 1001) ORDER BY id')).toEqual([
      { id: 1, amount: 1, note: 'paid' },
      { id: 7, amount: 77, note: 'touched' },
      { id: 1001, amount: 5, note: 'paid' },
    ]);
    const id = /--undo-merge (\S+)/.exec(done.stdout)?.[1] ?? '';
    await sql('UPDATE payments SET amount = 3 WHERE id = 3');
    const unknown = await drEnds(2, envFile, ['restore', '--undo-merge', `${id}x`, '--dry-run']);
    expect(unknown.stderr).toContain('DR-MERGE-UNKNOWN');
    const undone = await drEnds(0, envFile, ['restore', '--undo-merge', id, '--confirm', 'drill']);
    expect(undone.stdout).toMatch(/^public\.payments +996$/m);
    expect(await sql('SELECT id, amount FROM payments WHERE id IN (1, 3) ORDER BY id')).toEqual([
      { id: 1, amount: 0 },
      { id: 3, amount: 3 },
    ]);
    expect((await drEnds(6, envFile, ['restore', '--undo-merge', id, '--confirm', 'drill'])).stderr).toContain(
      'MERGE-UNDONE',
    );
    const missing = await drEnds(0, envFile, [
      ...beside('one', 'public.payments', 'public.log'),
      '--merge',
      'missing',
      '--confirm',
      'drill',
    ]);
    expect(missing.stdout).toMatch(/^public\.log +3$/m);
    expect(missing.stdout).toMatch(/^public\.payments +2$/m);
    const gone = await drEnds(6, envFile, [...beside('one', ODD), '--merge', 'changed', '--confirm', 'drill']);
    expect(gone.stderr).toMatch(/^DR-TABLE-GONE .*\n(?:.*\n)*hint: .*--merge missing/m);
    // What the table needs is gone too: nothing of it comes back, and the error names it.
    await sql('DROP DOMAIN "My Shop".money');
    const whole = [...beside('one', ODD, 'public.payments'), '--merge', 'missing', '--confirm', 'drill'];
    expect((await drEnds(1, envFile, whole)).stderr).toMatch(
      /^DR-TABLE-NOT-BACK .*type "My Shop.money" does not exist/m,
    );
    await sql('CREATE DOMAIN "My Shop".money AS numeric CHECK (VALUE >= 0)');
    const back = await drEnds(0, envFile, whole);
    expect(back.stdout).toMatch(/^My Shop\."Odd ""Orders""" +300$/m);
    const [odd] = await sql(`SELECT count(*)::int AS orders, count(DISTINCT tableoid)::int AS partitions,
      nextval('"My Shop"."Odd ""Orders""_id_seq"')::int AS next,
      (SELECT count(*)::int FROM pg_constraint WHERE contype = 'f' AND conparentid = 0) AS keys FROM "My Shop"."Odd ""Orders"""`);
    expect(odd).toEqual({ orders: 300, partitions: 2, next: 302, keys: 1 });
    expect((await drEnds(0, envFile, whole)).stdout).toMatch(/^My Shop\."Odd ""Orders""" +0$/m);
    const keyless = await drEnds(2, envFile, [
      ...beside('one', 'public.log'),
      '--merge',
      'changed',
      '--confirm',
      'drill',
    ]);
    expect(keyless.stderr).toMatch(/^DR-MERGE-NO-KEY /m);
  });
});

async function there(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOTDIR',
  );
}
