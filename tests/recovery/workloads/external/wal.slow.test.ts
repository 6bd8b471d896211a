/** Base backups and received WAL of a PostgreSQL that stays where it is: to a moment, after its loss, and what is refused before that. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { namesIn } from '../../../../recovery/core/absent.ts';
import { poll } from '../../../../recovery/core/poll.ts';
import { dr, drEnds, startDr } from '../../../faults/dr-process.ts';
import { type ChosenServer, withChosenServer } from '../postgres/chosen-server.ts';
import { freePort } from './free-port.ts';

const PASSWORD = 'of the dump';

async function external(server: ChosenServer, port: number): Promise<string> {
  const { postgres: _, ...rest } = parse(await readFile(server.envFile, 'utf8'));
  const key = join(server.folder, 'keys', 'dump');
  await writeFile(key, PASSWORD);
  await chmod(key, 0o600);
  const file = join(server.folder, `external-${port}.yaml`);
  const at = { host: '127.0.0.1', port, user: 'dumper', password: { file: key }, tls: 'disable', wal: {} };
  await writeFile(file, stringify({ ...rest, external: { postgres: at } }));
  return file;
}

const SERVER = { password: true, config: "listen_addresses = '127.0.0.1'" };
const ONLY = ['--only', 'postgres-wal'];

async function untilReceiving(server: ChosenServer, active: boolean): Promise<void> {
  const ask = () => server.sql<{ active: boolean }>('SELECT active FROM pg_replication_slots');
  const { answer, accepted } = await poll(
    { seconds: 30, everySeconds: 0.2 },
    ask,
    ([slot]) => (slot?.active ?? false) === active,
  );
  if (!accepted) throw new Error(`slots: ${JSON.stringify(answer)}`);
}

async function refusals(server: ChosenServer, envFile: string): Promise<void> {
  const forbidden = await dr(envFile, ['receive-wal', '--check']);
  expect([forbidden.exitCode, forbidden.stderr]).toEqual([6, expect.stringContaining('"dumper" may not replicate')]);
  await server.sql('ALTER ROLE dumper REPLICATION');
  const unlimited = await dr(envFile, ['receive-wal']);
  expect([unlimited.exitCode, unlimited.stderr]).toEqual([6, expect.stringContaining('max_slot_wal_keep_size is -1')]);
  await server.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '1GB'");
  await server.sql('SELECT pg_reload_conf()');
  const health = await dr(envFile, ['health', '--stores']);
  expect(health.stdout).toMatch(/it has no slot "go_coffee_dr": start dr receive-wal/);
  expect(await server.sql('SELECT FROM pg_replication_slots')).toEqual([]);
}

test('a moment between two copies comes back, and what was received before the server was lost', async () => {
  const [port, otherPort] = [await freePort(), await freePort()];
  const config = `${SERVER.config}\nmax_slot_wal_keep_size = 1GB`;
  await withChosenServer({ ...SERVER, config, tcpPort: port }, async (server) => {
    await server.sql(`CREATE ROLE dumper LOGIN REPLICATION PASSWORD '${PASSWORD}'; GRANT pg_read_all_data TO dumper;
      CREATE TABLE orders (id serial PRIMARY KEY, total int); INSERT INTO orders (total) SELECT i FROM generate_series(1, 100) i`);
    const envFile = await external(server, port);
    await drEnds(0, envFile, ['init']);
    const receiver = startDr(envFile, ['receive-wal', '-v']);
    try {
      await untilReceiving(server, true);
      const full = await drEnds(0, envFile, ['backup', '--kind', 'full', ...ONLY]);
      expect(full.stdout).toMatch(/postgres-wal +ok/);
      await server.sql('INSERT INTO orders (total) SELECT i FROM generate_series(1, 20) i');
      const [moment] = await server.sql<{ at: string }>(
        `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
      );
      const [gone] = await server.sql<{ xid: string }>(
        'WITH gone AS (DELETE FROM orders RETURNING 1) SELECT pg_current_xact_id()::text AS xid, count(*) FROM gone',
      );
      await drEnds(0, envFile, ['backup', '--kind', 'incremental', ...ONLY]);
      const deep = await drEnds(0, envFile, ['verify', '--deep']);
      expect(deep.stdout + deep.stderr).toContain('base backup and WAL were replayed');

      await server.sql('ALTER ROLE dumper SUPERUSER');
      const at = moment?.at ?? '';
      await drEnds(0, envFile, ['restore', '--to', at, ...ONLY, '--confirm', 'drill', '--no-backup']);
      expect(await server.sql('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 120 }]);

      const found = await dr(envFile, ['find', '--what', 'delete', '--min-rows', '100', '-o', 'json']);
      expect(JSON.parse(found.stdout)).toMatchObject({
        where: 'the WAL that this host has received',
        findings: [
          { what: 'delete', table: 'public.orders', rows: 120, xid: gone?.xid, target: `before:${gone?.xid}` },
        ],
      });
      const back = (to: string) => dr(envFile, ['restore', '--to', to, ...ONLY, '--confirm', 'drill', '--no-backup']);
      const done = await back(`before:${gone?.xid}`);
      expect([done.exitCode, done.stderr]).toEqual([0, expect.anything()]);
      expect(await server.sql('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 120 }]);
      const never = await back('lsn:F/0');
      expect([never.exitCode, never.stdout + never.stderr]).toEqual([
        expect.any(Number),
        expect.stringMatching(/lsn:F\/0 is not in this copy, whose WAL ends at .* did not meet it/),
      ]);
      expect(never.exitCode).not.toBe(0);

      await server.sql('INSERT INTO orders (total) VALUES (7)');
      await server.stop();
      await drEnds(0, envFile, ['backup', '--kind', 'incremental', ...ONLY]);
      await withChosenServer({ ...SERVER, tcpPort: otherPort }, async (other) => {
        await other.sql(`CREATE ROLE dumper LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
        const elsewhere = await external(server, otherPort);
        await drEnds(0, elsewhere, ['restore', '--to', 'latest', '--no-backup']);
        expect(await other.sql('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 121 }]);
      });
    } finally {
      receiver.kill9();
      await receiver.done;
    }
  });
});

test('a server that forbids it is refused before anything is made; after lost WAL the receiver begins again only when told to', async () => {
  const port = await freePort();
  await withChosenServer({ ...SERVER, tcpPort: port }, async (server) => {
    await server.sql(`CREATE ROLE dumper LOGIN PASSWORD '${PASSWORD}'; GRANT pg_read_all_data TO dumper`);
    const envFile = await external(server, port);
    const received = join(server.folder, 'state', 'external-wal');
    await refusals(server, envFile);
    const first = startDr(envFile, ['receive-wal']);
    await untilReceiving(server, true);
    const twice = await dr(envFile, ['receive-wal']);
    expect([twice.exitCode, twice.stderr]).toEqual([6, expect.stringContaining('DR-SLOT-BUSY')]);
    const { accepted } = await poll(
      { seconds: 30, everySeconds: 0.2 },
      () => namesIn(join(received, 'receiving')),
      (names) => names.length > 0,
    );
    expect(accepted).toBe(true);
    first.kill9();
    await first.done;
    await untilReceiving(server, false);
    expect((await dr(envFile, ['monitor'])).stdout).toMatch(
      /^go_coffee_dr_unused_slot_bytes\{[^}]*slot="go_coffee_dr"[^}]*\} \d+$/m,
    );
    await server.sql("SELECT pg_drop_replication_slot('go_coffee_dr')");
    const lost = await dr(envFile, ['receive-wal']);
    expect([lost.exitCode, lost.stderr]).toEqual([6, expect.stringMatching(/DR-SLOT-LOST .* is gone/)]);
    expect(await server.sql('SELECT FROM pg_replication_slots')).toEqual([]);
    const again = startDr(envFile, ['receive-wal', '--new-chain']);
    try {
      await untilReceiving(server, true);
      const kept = (await namesIn(join(server.folder, 'state'))).find((name) => /^external-wal-before-/.test(name));
      expect(await namesIn(join(server.folder, 'state', kept ?? 'none', 'receiving'))).not.toEqual([]);
    } finally {
      again.kill9();
      await again.done;
    }
  });
});
