/**
 * Dumps of all databases of an external server. Rows are counted and hashed in the very snapshot that pg_dump reads, so a restore can be
 * held to them exactly. What the user may not read is left out and named.
 */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import type { Workload } from '../../../../plan/types.ts';
import type { Site } from '../../../config/site.ts';
import { makeOwnedFolder } from '../../../core/account.ts';
import { DrError } from '../../../core/errors.ts';
import { lackingFacts } from '../../../points/lacking.ts';
import { type CaptureFacts, EXTERNAL } from '../../../points/point.ts';
import { discard, freshFolder } from '../../capture.ts';
import type { Staged } from '../../workload.ts';
import { extensionFacts, readExtensions } from './extensions.ts';
import { type DumpedDatabase, type Inventory, lackingOf, tableName, writeInventory } from './inventory.ts';
import {
  addressOf,
  connectionOptions,
  programArguments,
  programsFor,
  type Server,
  serverOf,
  versionOf,
  withServer,
} from './server.ts';
import { countTables, type Database, readDatabases, readTables, type Tables } from './tables.ts';

/** Somebody who holds a table longer has gone home. */
const LOCK_WAIT_MS = 60_000;

interface Dumping {
  readonly site: Site;
  readonly server: Server;
  readonly bin: string;
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
}

/** For a pattern of pg_dump: quotes keep letters and signs as they are. */
const pattern = ({ schema, name }: { schema: string; name: string }): string =>
  [schema, name].map((part) => `"${part.replaceAll('"', '""')}"`).join('.');

async function runDump({ site, server, bin, folder, signal }: Dumping, args: readonly string[]): Promise<void> {
  const [program = 'pg_dump', ...rest] = args;
  const options = { ...(await connectionOptions(site, server)), as: site.environment.runAs, cwd: folder, signal };
  await site.run(
    [join(bin, program), ...programArguments(server), `--lock-wait-timeout=${LOCK_WAIT_MS}`, ...rest],
    options,
  );
}

async function dumpDatabase(dumping: Dumping, database: Database, at: string): Promise<DumpedDatabase> {
  const { site, server, folder, signal } = dumping;
  const dump = async (client: pg.Client): Promise<DumpedDatabase> => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    const tables = await readTables(client);
    const without = tables.lacking.map((table) => `--exclude-table=${pattern(table)}`);
    const to = [`--file=${join(folder, at)}`, '--format=directory', '--jobs=2', '--compress=0'];
    await runDump(dumping, ['pg_dump', ...to, `--snapshot=${rows[0]?.id}`, ...without, `--dbname=${database.name}`]);
    return { ...database, folder: at, ...(await countAll(client, tables)) };
  };
  return withServer(site, server, dump, { database: database.name, long: true, signal });
}

async function countAll(client: pg.Client, tables: Tables): Promise<Pick<DumpedDatabase, 'tables' | 'lacking'>> {
  return { tables: await countTables(client, tables), lacking: tables.lacking.map(tableName) };
}

/** Roles with their hashes where the user may read them; a hosted server lets nobody. */
async function dumpRoles(dumping: Dumping): Promise<boolean> {
  const { maintenance } = dumping.server;
  const args = [
    'pg_dumpall',
    '--globals-only',
    `--database=${maintenance}`,
    `--file=${join(dumping.folder, 'globals.sql')}`,
  ];
  try {
    await runDump(dumping, args);
    return true;
  } catch (error) {
    if (!(error instanceof DrError) || !/permission denied for (table|relation) pg_authid/.test(error.fact))
      throw error;
    await runDump(dumping, [...args, '--no-role-passwords']);
    return false;
  }
}

function factsOf(inventory: Inventory): CaptureFacts {
  const { databases, server, serverVersion, rolePasswords } = inventory;
  const rows = databases.flatMap(({ name, tables }) =>
    tables.map((table) => [`rows:${name}/${tableName(table)}`, table.rows] as const),
  );
  return {
    [EXTERNAL]: true,
    server,
    serverVersion,
    databases: databases.map(({ name }) => name).join(', '),
    rolePasswords,
    ...lackingFacts(lackingOf(inventory)),
    ...Object.fromEntries(rows),
  };
}

/** An empty database of the server's own is no data. */
const isWorthNaming = ({ maintenance, databases }: Server, { name, tables, lacking }: DumpedDatabase): boolean =>
  databases !== undefined || name !== maintenance || tables.length + lacking.length > 0;

interface DumpRequest {
  readonly server: Server;
  /** Of the engines' account, and empty. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** All databases, roles, and what they hold, into a folder. */
export async function dumpServer(site: Site, { server, folder, signal }: DumpRequest): Promise<Inventory> {
  const found = await withServer(site, server, async (client) => ({
    version: await versionOf(client),
    ...(await readDatabases(client, server)),
  }));
  const bin = await programsFor(site, server, found.version);
  const dumping: Dumping = { site, server, bin, folder, signal };
  const rolePasswords = await dumpRoles(dumping);
  const databases: DumpedDatabase[] = [];
  for (const [n, database] of found.databases.entries())
    databases.push(await dumpDatabase(dumping, database, `database-${n}`));
  const inventory: Inventory = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'ExternalDump',
    server: addressOf(server),
    serverVersion: found.version,
    databases: databases.filter((each) => isWorthNaming(server, each)),
    lacking: found.lacking,
    rolePasswords,
  };
  await writeInventory(folder, inventory);
  return inventory;
}

/** Throws `POSTGRES-…` of the way to the server, `POSTGRES-NEWER` and `DATABASE-UNKNOWN` (exit 2). */
export async function captureExternal(site: Site, workload: Workload, signal?: AbortSignal): Promise<Staged> {
  const server = serverOf(site.environment);
  const folder = await freshFolder(site, workload);
  await makeOwnedFolder(folder, site.environment.runAs);
  await chmod(folder, 0o700);
  const inventory = await dumpServer(site, { server, folder, signal });
  const names = inventory.databases.map(({ name }) => name);
  const extensions = extensionFacts(await readExtensions(site, server, names));
  return { path: folder, facts: { ...factsOf(inventory), ...extensions }, remove: discard(folder) };
}
