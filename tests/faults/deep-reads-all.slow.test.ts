/** What guards a living database, or is left out of its copies: a trial restore reads everything, and takes nothing from anybody. */
import type pg from 'pg';
import { expect, test } from 'vitest';
import { dr, drEnds, withGolden } from './golden.ts';

const ONLY = ['--only', 'postgres,postgres-dump,postgres-config'];

async function inDatabase(
  site: { environment: { postgres?: { socketDir: string; port: number } | undefined } },
  client: pg.Client,
  database: string,
  sql: readonly string[],
): Promise<void> {
  const Client = client.constructor as typeof pg.Client;
  const { socketDir, port } = site.environment.postgres ?? { socketDir: '', port: 0 };
  const other = new Client({ host: socketDir, port, user: 'postgres', database });
  await other.connect();
  try {
    for (const each of sql) await other.query(each);
  } finally {
    await other.end();
  }
}

test('a trial reads closed databases, past event triggers and settings; unlogged rows and slots are named', async () => {
  await withGolden(async ({ startSource }) => {
    const site = await startSource();
    const client = await site.postgres();
    try {
      await client.query('CREATE MATERIALIZED VIEW not_yet AS SELECT 1 AS a WITH NO DATA');
      await client.query('CREATE UNLOGGED TABLE carts AS SELECT generate_series(1, 500) AS i');
      await client.query(`CREATE FUNCTION no_ddl() RETURNS event_trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no changes here'; END $$`);
      await client.query('CREATE EVENT TRIGGER no_ddl ON ddl_command_start EXECUTE FUNCTION no_ddl()');
      await client.query('CREATE DATABASE closed');
      await inDatabase(site, client, 'closed', ['CREATE TABLE kept AS SELECT generate_series(1, 1000) AS i']);
      await client.query('ALTER DATABASE closed ALLOW_CONNECTIONS false');
      for (const setting of ['default_transaction_read_only = on', "statement_timeout = '1ms'"])
        await client.query(`ALTER DATABASE postgres SET ${setting}`);
      await client.query('ALTER DATABASE go_coffee SET zero_damaged_pages = on');
      const made = await drEnds(0, site.envFile, ['backup', '--kind', 'full', ...ONLY, '-o', 'json']);
      expect(made.stdout).toContain('rows of public.carts: it is UNLOGGED, and comes back empty');
      const { runId } = JSON.parse(made.stdout) as { runId: string };
      const deep = await drEnds(0, site.envFile, ['verify', '--deep', '--point', runId, '--repository', 'local']);
      expect(deep.stdout).toMatch(/every table of 3 databases was read to its end/);
    } finally {
      await client.end();
    }
  });
});

test('a trial and a test host of a cluster that subscribes take nothing from the publisher', async () => {
  await withGolden(async ({ startSource, emptySite }) => {
    const site = await startSource();
    const { socketDir, port } = site.environment.postgres ?? { socketDir: '', port: 0 };
    let client = await site.postgres();
    try {
      await client.query("ALTER SYSTEM SET wal_level = 'logical'");
      await client.end();
      await site.stop();
      await site.startStores();
      client = await site.postgres();
      await client.query('CREATE DATABASE publisher');
      await inDatabase(site, client, 'publisher', [
        'CREATE TABLE changes (i int PRIMARY KEY)',
        'CREATE PUBLICATION all_changes FOR TABLE changes',
        "SELECT pg_create_logical_replication_slot('taken', 'pgoutput')",
      ]);
      await client.query('CREATE TABLE changes (i int PRIMARY KEY)');
      await client.query(`CREATE SUBSCRIPTION from_publisher
        CONNECTION 'host=${socketDir} port=${port} user=postgres dbname=publisher' PUBLICATION all_changes
        WITH (create_slot = false, slot_name = 'taken', copy_data = false)`);
      const made = await drEnds(0, site.envFile, ['backup', '--kind', 'full', ...ONLY, '-o', 'json']);
      expect(made.stdout).toContain('logical replication slot taken of database publisher');
      const { runId } = JSON.parse(made.stdout) as { runId: string };
      // The living subscriber is away for a while, and its changes wait for it.
      await client.query('ALTER SUBSCRIPTION from_publisher DISABLE');
      const free = "SELECT count(*)::int AS n FROM pg_replication_slots WHERE slot_name = 'taken' AND NOT active";
      for (let tries = 0; ((await client.query(free)).rows[0]?.n ?? 0) === 0 && tries < 1000; tries += 1)
        await client.query('SELECT pg_sleep(0.01)');
      await inDatabase(site, client, 'publisher', ['INSERT INTO changes SELECT generate_series(1, 100)']);
      const position = "SELECT confirmed_flush_lsn::text AS at FROM pg_replication_slots WHERE slot_name = 'taken'";
      const before = (await client.query(position)).rows[0]?.at;
      const deep = await dr(site.envFile, ['verify', '--deep', '--point', runId, '--repository', 'local']);
      expect(deep.exitCode, deep.stdout + deep.stderr).toBe(0);
      expect((await client.query(position)).rows[0]?.at).toBe(before);
      const trying = await emptySite('trying', { workloads: ['postgres'] });
      const restored = await drEnds(0, trying.envFile, [
        ...['restore', '--to', 'latest', '--from', 'local', '--only', 'postgres', '--confirm', 'drill', '--no-backup'],
      ]);
      expect(restored.stdout).toMatch(/disabled: subscription from_publisher of database go_coffee/);
      const tried = await trying.postgres();
      const settings = await tried.query(`SELECT current_setting('max_logical_replication_workers') AS workers,
        current_setting('wal_level') AS level, (SELECT bool_or(subenabled) FROM pg_subscription) AS enabled`);
      await tried.end();
      expect(settings.rows).toEqual([{ workers: '4', level: 'logical', enabled: false }]);
      await trying.kill9();
      expect((await client.query(position)).rows[0]?.at).toBe(before);
      await client.query('ALTER SUBSCRIPTION from_publisher ENABLE');
      const taken = 'SELECT count(*)::int AS n FROM changes';
      for (let tries = 0; ((await client.query(taken)).rows[0]?.n ?? 0) < 100 && tries < 1000; tries += 1)
        await client.query('SELECT pg_sleep(0.01)');
      expect((await client.query(taken)).rows[0]?.n).toBe(100);
    } finally {
      await client.end();
    }
  });
});
