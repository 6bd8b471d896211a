/** `dr find` names the transactions that dropped, emptied and changed tables, on a real server; what it prints takes a table back. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds } from '../../faults/dr-process.ts';
import { withChosenServer } from '../workloads/postgres/chosen-server.ts';

interface Found {
  readonly findings: readonly {
    what: string;
    table?: string;
    rows?: number;
    xid: string;
    partial: boolean;
    command?: string;
    objects?: string[];
  }[];
  readonly notes: readonly string[];
}

const SCHEMA = `
  CREATE SCHEMA "My Shop";
  CREATE TABLE "My Shop"."Odd ""Orders""" (id int PRIMARY KEY, note text);
  CREATE TABLE payments (id int PRIMARY KEY, amount int, note text);
  CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);
  CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
  CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
  CREATE TABLE carts (id int PRIMARY KEY, note text);
  CREATE TABLE visits (id int PRIMARY KEY);
  INSERT INTO "My Shop"."Odd ""Orders""" SELECT g, 'x' FROM generate_series(1, 50) g;
  INSERT INTO payments SELECT g, g FROM generate_series(1, 300) g;
  INSERT INTO events SELECT g, '2026-01-01'::date + g FROM generate_series(1, 300) g;
  INSERT INTO carts SELECT g, 'x' FROM generate_series(1, 20) g;
  INSERT INTO visits SELECT generate_series(1, 20);`;

test('drop, truncate, delete, update and a changed schema: each by its transaction, table and rows', async () => {
  await withChosenServer({}, async ({ sql, envFile, folder, ship }) => {
    const find = async (...args: readonly string[]) => {
      const { stdout } = await drEnds(0, envFile, ['find', '-o', 'json', ...args]);
      return JSON.parse(stdout) as Found;
    };
    await sql(SCHEMA);
    await drEnds(0, envFile, ['init', '--restart']);
    await drEnds(0, envFile, ['backup', '--kind', 'full', '--only', 'postgres']);
    await sql('UPDATE payments SET amount = 7 WHERE id <= 5');
    await sql('BEGIN; DELETE FROM payments; ROLLBACK');
    await sql('BEGIN; SAVEPOINT a; DELETE FROM events WHERE id <= 250; RELEASE a; COMMIT');
    await sql('UPDATE payments SET amount = 0');
    await ship();
    await sql('TRUNCATE carts');
    await sql('ALTER TABLE visits ALTER id TYPE bigint');
    await sql('DROP TABLE "My Shop"."Odd ""Orders"""');
    await sql('CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$');

    const all = await find();
    expect(all.notes).toEqual([]);
    const told = all.findings.map(({ what, table, rows }) => [what, table, rows]);
    expect(told).toEqual([
      ['update', 'public.payments', 5],
      ['delete', 'public.events', 250],
      ['update', 'public.payments', 300],
      ['truncate', 'public.carts', undefined],
      ['rewrite', 'public.visits', undefined],
      ['drop', 'My Shop."Odd ""Orders"""', undefined],
    ]);
    expect(all.findings.every(({ partial }) => !partial)).toBe(true);
    expect(all.findings.at(-1)?.command).toMatch(/^dr restore --to before:\d+ --table 'My Shop\."Odd ""Orders"""'$/);
    // Who drops what nobody knows any more is found without a copy too.
    const live = await find('--what', 'drop', '--names', 'live');
    expect(live.findings.length).toBeGreaterThan(0);
    expect(live.notes.join()).toContain('--names copy asks a copy from before');
    const big = await find('--what', 'delete,update', '--min-rows', '251', '--table', 'public.payments');
    expect(big.findings.map(({ rows }) => rows)).toEqual([300]);
    const schema = await find('--what', 'ddl');
    expect(schema.findings.some(({ objects }) => objects?.some((o) => o.startsWith('functions: 1 new')))).toBe(true);
    // Nothing is left of the copy that was asked for names.
    expect(await readdir(join(folder, 'state', 'side')).catch(() => [])).toEqual([]);

    // No dump names the tables of these copies, so a mistyped one is a doubt and not an error.
    const typo = await find('--table', 'public.paymnts', '--names', 'live');
    expect(typo.notes.join()).toMatch(/nothing here knows a table public\.paymnts.*Did you mean "public\.payments"/);

    for (const [args, said] of [
      [['--what', 'drops'], /^DR-USAGE find: --what "drops" is not known/m],
      [['--table', 'orders'], /^DR-USAGE find: --table "orders" has no schema/m],
      [['--since', '2026-01-02T00:00:00Z', '--until', '2026-01-01T00:00:00Z'], /is not before/],
    ] as const) {
      const refused = await drEnds(2, envFile, ['find', ...args]);
      expect(refused.stderr).toMatch(said);
    }

    // A segment in the middle is gone: both sides are searched, and that is said.
    await ship();
    await sql('DELETE FROM visits');
    const [gone] = await sql<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS name');
    await ship();
    await sql('DELETE FROM payments WHERE id = 1');
    await ship();
    const archive = join(folder, 'backups');
    const files = await readdir(archive, { recursive: true });
    const file = files.find((each) => each.includes(`${gone?.name}-`));
    await rm(join(archive, file ?? 'none'));
    const gap = await find('--what', 'update,delete', '--names', 'live', '--archived-only');
    expect(gap.notes.join()).toMatch(
      /WAL segment \w{24} is missing in local: what was done there is not known; both sides were searched/,
    );
    expect(gap.findings.map(({ rows }) => rows)).toEqual([5, 250, 300, 1]);
  });
});
