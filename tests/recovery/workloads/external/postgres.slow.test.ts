/** A PostgreSQL that stays where it is: dumped, tried, brought back into itself and into another server; and what it refuses. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { dr, drEnds } from '../../../faults/dr-process.ts';
import { type ChosenServer, withChosenServer } from '../postgres/chosen-server.ts';
import { freePort } from './free-port.ts';

const PASSWORD = 'of the dump';

interface Changes {
  readonly [field: string]: unknown;
}

/** dr.yaml of a host whose PostgreSQL is somebody else's. */
async function external(server: ChosenServer, port: number, changes: Changes = {}): Promise<string> {
  const { postgres: _, ...rest } = parse(await readFile(server.envFile, 'utf8'));
  const key = join(server.folder, 'keys', 'dump');
  await writeFile(key, PASSWORD);
  await chmod(key, 0o600);
  const file = join(server.folder, `external-${port}.yaml`);
  const at = { host: '127.0.0.1', port, user: 'dumper', password: { file: key }, tls: 'disable' };
  await writeFile(file, stringify({ ...rest, external: { postgres: { ...at, ...changes } } }));
  return file;
}

/** Two databases of two owners, and a user that may read them. */
async function fill(server: ChosenServer): Promise<void> {
  await server.sql(`CREATE ROLE dumper LOGIN CREATEDB CREATEROLE PASSWORD '${PASSWORD}'; GRANT pg_read_all_data TO dumper;
    CREATE ROLE "Shop Owner" LOGIN PASSWORD 'hers'; CREATE ROLE reader; GRANT reader TO "Shop Owner"`);
  await server.sql(`CREATE TABLE orders (id serial PRIMARY KEY, total numeric(10,2), at timestamptz DEFAULT now());
    INSERT INTO orders (total) SELECT i * 1.5 FROM generate_series(1, 500) i;
    CREATE TABLE "Odd.name" (id int REFERENCES orders, note text); INSERT INTO "Odd.name" SELECT i, 'ä' || i FROM generate_series(1, 7) i;
    ALTER TABLE orders OWNER TO "Shop Owner"; GRANT SELECT ON orders TO reader`);
  await server.sql('CREATE DATABASE "Billing-2"');
  await server.sql(
    'CREATE TABLE bills (id int, paid bool); INSERT INTO bills SELECT i, i % 2 = 0 FROM generate_series(1, 40) i',
    'Billing-2',
  );
}

const SERVER = { password: true, config: "listen_addresses = '127.0.0.1'" };

test('dumps of all databases come back exactly, into the same server and into another one', async () => {
  const [port, otherPort] = [await freePort(), await freePort()];
  await withChosenServer({ ...SERVER, tcpPort: port }, async (server) => {
    await fill(server);
    const envFile = await external(server, port);
    await drEnds(0, envFile, ['init']);
    const made = await drEnds(0, envFile, ['backup', '--kind', 'full']);
    expect(made.stdout).toMatch(/postgres-dump +ok/);
    const deep = await drEnds(0, envFile, ['verify', '--deep']);
    expect(deep.stdout + deep.stderr).toMatch(/dumps of 2 databases|3 tables, 547 rows/);

    // The objective is said with its number, and what is no longer asked for is not missed.
    const objectives = await dr(envFile, ['objectives', '-o', 'json']);
    expect(objectives.stdout).toContain('postgres-dump');
    const health = await dr(envFile, ['health', '--stores']);
    expect(health.stdout).toMatch(/they can't: 1 h interval \+ .* = 2 h 40 min > 1 h \(P1\)/);

    await server.sql(
      `DELETE FROM orders WHERE id > 7 AND id NOT IN (SELECT id FROM "Odd.name"); INSERT INTO orders (total) VALUES (1)`,
    );
    const powerless = await dr(envFile, ['restore', '--to', 'latest', '--confirm', 'drill', '--no-backup']);
    expect([powerless.exitCode, powerless.stderr]).toEqual([
      6,
      expect.stringContaining('"dumper" may read Billing-2, shop and not replace it'),
    ]);
    await server.sql('ALTER ROLE dumper SUPERUSER');
    const refused = await dr(envFile, ['restore', '--to', 'latest', '--no-backup']);
    expect([refused.exitCode, refused.stderr]).toEqual([7, expect.stringContaining('overwrite postgres-dump')]);
    const back = await drEnds(0, envFile, ['restore', '--to', 'latest', '--confirm', 'drill', '--no-backup']);
    expect(back.stdout).toMatch(/database shop holds what was dumped +2 tables, 507 rows/);
    expect(await server.sql('SELECT count(*)::int AS n, sum(total)::text AS total FROM orders')).toEqual([
      { n: 500, total: '187875.00' },
    ]);
    const kept = await server.sql<{ name: string }>(
      "SELECT datname AS name FROM pg_database WHERE datname LIKE '%before'",
    );
    expect(kept.map(({ name }) => name.replace(/_dr_.*_/, ' '))).toEqual(['Billing-2 before', 'shop before'].sort());

    await withChosenServer({ ...SERVER, tcpPort: otherPort }, async (other) => {
      await other.sql(
        `CREATE ROLE dumper LOGIN SUPERUSER PASSWORD '${PASSWORD}'; CREATE ROLE reader PASSWORD 'of its own'`,
      );
      const elsewhere = await external(server, otherPort);
      await drEnds(0, elsewhere, ['restore', '--to', 'latest', '--no-backup']);
      expect(await other.sql('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 500 }]);
      expect(await other.sql('SELECT count(*)::int AS n FROM bills', 'Billing-2')).toEqual([{ n: 40 }]);
      const owner = await other.sql(
        "SELECT tableowner AS o, has_table_privilege('reader', 'orders', 'SELECT') AS r FROM pg_tables WHERE tablename = 'orders'",
      );
      expect(owner).toEqual([{ o: 'Shop Owner', r: true }]);
    });
  });
});

test('what the user may not read is named, and the point is a part; a wrong password and a newer server change nothing', async () => {
  const port = await freePort();
  await withChosenServer({ ...SERVER, tcpPort: port }, async (server) => {
    await fill(server);
    await server.sql(
      `REVOKE pg_read_all_data FROM dumper; GRANT SELECT ON orders TO dumper; GRANT SELECT ON SEQUENCE orders_id_seq TO dumper`,
    );
    const envFile = await external(server, port, { databases: ['shop'] });
    await drEnds(0, envFile, ['init']);
    const { stdout } = await drEnds(3, envFile, ['backup', '--kind', 'full']);
    expect(stdout).toContain('not copied: postgres-dump: table public.Odd.name of shop: its user may not read it');
    const id = /recovery point (\S+)/.exec(stdout)?.[1] ?? '';
    expect((await drEnds(0, envFile, ['points', 'show', id])).stdout).toContain(
      'not complete (without table public.Odd.name of shop)',
    );

    await writeFile(join(server.folder, 'keys', 'dump'), 'of somebody else');
    const wrong = await dr(envFile, ['backup', '--kind', 'full']);
    expect(wrong.exitCode).not.toBe(0);
    expect(wrong.stdout + wrong.stderr).toContain('DR-POSTGRES-DENIED');
    expect(wrong.stdout + wrong.stderr).not.toContain('of somebody else');

    const unknown = await dr(await external(server, port, { databases: ['shopp'] }), ['backup', '--kind', 'full']);
    expect(unknown.stdout + unknown.stderr).toMatch(
      /DR-DATABASE-UNKNOWN external\.postgres\.databases: .* has no database "shopp"/,
    );

    const bin = join(server.folder, 'old-bin');
    const fake = '#!/bin/sh\nprintf "pg_dump (PostgreSQL) 13.4\\n"\n';
    await server.makeFolder(bin);
    for (const name of ['pg_dump', 'postgres', 'pg_ctl', 'initdb'])
      await writeFile(join(bin, name), fake, { mode: 0o755 });
    const old = await dr(await external(server, port, { binDir: bin }), ['backup', '--kind', 'full']);
    expect(old.stdout + old.stderr).toMatch(
      /DR-POSTGRES-NEWER external\.postgres: the server is PostgreSQL 15\S*, and pg_dump .* is 13\.4/,
    );
    expect(await server.sql('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 500 }]);
  });
});
