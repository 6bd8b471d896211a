/** `--table` brings back a table as it was, on a real server: partitions, types, extensions, keys, defaults, sequences. */
import { expect, test } from 'vitest';
import { drEnds } from '../../faults/dr-process.ts';
import { withChosenServer } from '../workloads/postgres/chosen-server.ts';

const SCHEMA = `
  CREATE SCHEMA shop; CREATE EXTENSION citext; CREATE TYPE shop.state AS ENUM ('new', 'paid');
  CREATE DOMAIN shop.money AS numeric CHECK (VALUE >= 0);
  CREATE TABLE shop.customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail citext UNIQUE);
  CREATE TABLE shop.orders (id serial, at date, state shop.state DEFAULT 'new', price shop.money DEFAULT 1,
    customer int REFERENCES shop.customers, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE shop.orders_1 PARTITION OF shop.orders FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
  CREATE TABLE shop.orders_2 PARTITION OF shop.orders FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
  CREATE INDEX orders_state ON shop.orders (state);
  CREATE TABLE "a/b, ""c" (id int PRIMARY KEY);
  INSERT INTO shop.customers (mail) VALUES ('A@b.c');
  INSERT INTO shop.orders (at, customer) SELECT '2026-01-01'::date + g, 1 FROM generate_series(0, 299) g;
  INSERT INTO "a/b, ""c" SELECT generate_series(1, 3);`;

const INTO = ['restore', '--to', 'latest', '--into-database'];

test('a partitioned table with an enum, a domain and a key; citext and an identity; a name with a slash and a quote', async () => {
  await withChosenServer({}, async ({ sql, envFile }) => {
    await sql(SCHEMA);
    await drEnds(0, envFile, ['init', '--restart']);
    await drEnds(0, envFile, ['backup', '--kind', 'full']);

    // A dry run knows what the dump holds: of what the point has counted, and of what only the dump tells.
    const wrong = await drEnds(2, envFile, [...INTO, 'none', '--dry-run', '--table', 'shop.customer']);
    expect(wrong.stderr).toMatch(/^DR-TABLE-UNKNOWN --table: .*"shop\.customer".* Did you mean "shop\.customers"/m);
    const right = ['shop.customers', 'shop.orders', 'public."a/b, ""c"'].flatMap((name) => ['--table', name]);
    await drEnds(0, envFile, [...INTO, 'none', '--dry-run', ...right]);
    const one = await drEnds(0, envFile, [...INTO, 'one', '--table', 'shop.orders']);
    expect(one.stdout).toMatch(/^shop\.orders +300$/m);
    expect(one.stdout).toContain('not restored: fk constraint orders orders_customer_fkey: it needs shop.customers');
    // The default goes on where it stood, and the domain, the key and the index hold.
    expect(
      await sql("INSERT INTO shop.orders (at) VALUES ('2026-02-02') RETURNING id, state::text, price::int", 'one'),
    ).toEqual([{ id: 301, state: 'new', price: 1 }]);
    await expect(sql("INSERT INTO shop.orders (at, price) VALUES ('2026-02-02', -1)", 'one')).rejects.toThrow(/money/);
    await expect(sql("INSERT INTO shop.orders (id, at) VALUES (1, '2026-01-01')", 'one')).rejects.toThrow(
      /orders_1_pkey/,
    );
    expect(await sql("SELECT count(*)::int AS n FROM pg_indexes WHERE schemaname = 'shop'", 'one')).toEqual([{ n: 6 }]);

    const two = ['--table', 'shop.orders', '--table', 'shop.customers', '--table', 'public."a/b, ""c"'];
    const both = await drEnds(0, envFile, [...INTO, 'two', ...two]);
    expect(both.stdout).not.toContain('note: not restored');
    expect(await sql("SELECT id FROM shop.customers WHERE mail = 'a@B.C'", 'two')).toEqual([{ id: 1 }]);
    expect(await sql("INSERT INTO shop.customers (mail) VALUES ('x') RETURNING id", 'two')).toEqual([{ id: 2 }]);
    await expect(sql("INSERT INTO shop.orders (at, customer) VALUES ('2026-02-02', 99)", 'two')).rejects.toThrow(
      /fkey/,
    );
    expect(await sql('SELECT count(*)::int AS n FROM "a/b, ""c"', 'two')).toEqual([{ n: 3 }]);
  });
});
