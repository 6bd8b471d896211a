/** A database with many indexes, backed up by `dr`, with WAL after the backup set; and further sites that read the same repository. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { waitFor } from '../drill/host/processes.ts';
import { createEmptySite, createPlatform, type Platform } from '../drill/platform/platform.ts';
import type { BenchContext, Database } from './benchmark.ts';
import { dr, runDr } from './dr.ts';

/** Size of the database in all restores, at scale 1. */
export const MEGABYTES = 4_000;

export const ENVIRONMENT = 'drill';

/** About 150 MB of the platform at scale 1, and nearly as much again in these indexes. */
const MEGABYTES_AT_SCALE_ONE = 290;

/** Indexes for the reports and searches of a shop: more bytes of indexes than of rows. */
const MORE_INDEXES = `
create index orders_status on orders (status, placed_at);
create index orders_total on orders (total_cents, id);
create index orders_note on orders (note);
create index order_items_item on order_items (menu_item_id, order_id);
create index order_items_price on order_items (price_cents, quantity);
create index payments_method on payments (method, paid_at);
create index payments_amount on payments (amount_cents, order_id);
create index payments_provider on payments using gin (provider);
create index events_kind on events (kind, at);
create index events_payload on events using gin (payload);
create index accounts_name on accounts (full_name);
create index accounts_preferences on accounts using gin (preferences);
`;

/** Rows that arrive between the backup set and the disaster. */
function laterRows(count: number): string {
  return `insert into events (kind, subject, payload, at)
    select 'seen', 'item:' || i % 400, jsonb_build_object('visitor', md5('later' || i), 'ms', i % 5000), now()
    from generate_series(1, ${count}) i`;
}

async function archiveLaterRows(source: Platform, scale: number): Promise<number> {
  const client = await source.postgres();
  try {
    const at = async (sql: string): Promise<string> =>
      String(Object.values((await client.query(sql)).rows[0] ?? {})[0]);
    const before = await at('select pg_current_wal_lsn()');
    await client.query(laterRows(Math.max(1_000, Math.round(8_000 * scale))));
    const bytes = Number(await at(`select pg_wal_lsn_diff(pg_current_wal_lsn(), '${before}')::bigint`));
    const last = await at('select pg_walfile_name(pg_switch_wal())');
    const archived = "select coalesce(last_archived_wal, '') from pg_stat_archiver";
    await waitFor('the last WAL is archived', async () => (await at(archived)).slice(0, 24) >= last, 120);
    return bytes;
  } finally {
    await client.end();
  }
}

const captureSchema = z.object({
  lineage: z.string(),
  set: z.string(),
  timeline: z.number(),
  bytes: z.number(),
  storedBytes: z.number(),
});
const backupSchema = z.object({ workloads: z.array(z.object({ captures: z.record(z.string(), captureSchema) })) });

export async function makeDatabase(context: BenchContext, folder: string, megabytes: number): Promise<Database> {
  const scale = megabytes / MEGABYTES_AT_SCALE_ONE;
  context.say(`make a database of about ${megabytes} MB and back it up`);
  const source = await createPlatform({
    folder,
    site: 'first',
    environment: ENVIRONMENT,
    scale,
    seed: 7,
    services: false,
  });
  const client = await source.postgres();
  await client.query(`set maintenance_work_mem = '256MB'; ${MORE_INDEXES} analyze; checkpoint`);
  await client.end();
  await runDr(source.envFile, 'init', '--restart');
  const backup = await dr(source.envFile, backupSchema, 'backup', '--kind', 'full', '--only', 'postgres');
  const capture = backup.workloads[0]?.captures.local;
  if (capture === undefined) throw new Error('the backup has no set in local');
  const walBytes = await archiveLaterRows(source, scale);
  await source.stop();
  return { source, capture, walBytes, folder, newSite: (name) => newSite(source, folder, name) };
}

async function newSite(source: Platform, folder: string, name: string): Promise<Platform> {
  const site = await createEmptySite({ folder, site: name, environment: ENVIRONMENT });
  const document = parse(await readFile(site.envFile, 'utf8'));
  document.repositories.local.path = source.paths.localRepository;
  // Starting and checking services is not part of a database's restore.
  document.services = {};
  await writeFile(site.envFile, stringify(document, { lineWidth: 0 }));
  return site;
}

/** Resets a site: nothing runs, no data, no state of `dr`. */
export async function emptySite(site: Platform): Promise<void> {
  await site.kill9();
  for (const path of [site.paths.postgresData, site.paths.state]) await rm(path, { recursive: true, force: true });
}

/** How much was restored. */
export function databaseFacts({ capture, walBytes }: Database): Record<string, string | number> {
  return {
    'database (MB)': Math.round(capture.bytes / 1e6),
    'set in the repository (MB)': Math.round(capture.storedBytes / 1e6),
    'WAL to replay (MB)': Math.round(walBytes / 1e6),
  };
}

export function keyFile(database: Database, name: string): string {
  return join(database.folder, 'keys', name);
}
