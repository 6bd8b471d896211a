/** Restores from the logical dump: one table, another major version, or a chain in doubt. Never into a database that is in use. */
import { randomBytes } from 'node:crypto';
import { chown, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { didYouMean } from '../../plan/nearest.ts';
import { selectWorkloads } from '../../plan/select.ts';
import { postgresSettings } from '../config/environment.ts';
import type { Repository, Site } from '../config/site.ts';
import { lookUpAccount, makeReachableFolder } from '../core/account.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { badInput, DrError, precondition } from '../core/errors.ts';
import { findPostgresBin } from '../engines/find.ts';
import { restoreSnapshot } from '../engines/restic/actions.ts';
import { openRestic } from '../engines/restic/restic.ts';
import type { ResticCapture } from '../points/point.ts';
import { plural } from '../report/format.ts';
import { clientArguments, clientEnv, clientSecrets } from '../workloads/postgres/access/client.ts';
import { withClient } from '../workloads/postgres/server.ts';
import { type Choice, chooseRepository } from './choose-repository.ts';

export interface LogicalRequest extends Choice {
  /** `schema.table`; empty for the whole database. */
  readonly tables: readonly string[];
  /** A new or empty database. */
  readonly database: string;
}

export interface LogicalResult {
  readonly database: string;
  readonly repository: string;
  readonly point: string;
  readonly capturedAt: string;
  /** False when roles that the dump grants to are not here: the rows are, their permissions are not. */
  readonly grants: boolean;
  /** Repositories that were passed over, and why. */
  readonly notes: readonly string[];
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
}

const IDENTIFIER = /^[a-z_][a-z0-9_$]{0,62}$/;

function checkName(name: string, where: string): void {
  if (IDENTIFIER.test(name)) return;
  throw badInput({
    code: 'NAME-INVALID',
    where,
    fact: `${JSON.stringify(name)} is not a plain name`,
    hint: 'use a-z, 0-9 and _, beginning with a letter',
  });
}

interface TableName {
  readonly schema: string;
  readonly name: string;
}

function splitTable(table: string): TableName {
  const [schema = '', name = '', ...more] = table.includes('.') ? table.split('.') : ['public', table];
  if (more.length > 0) checkName(table, '--table');
  checkName(schema, '--table');
  checkName(name, '--table');
  return { schema, name };
}

/** Makes the database, or takes one that holds no table. Throws `DATABASE-NOT-EMPTY` (exit 6). Returns whether it was made. */
async function emptyDatabase(site: Site, database: string): Promise<boolean> {
  const settings = postgresSettings(site.environment);
  const create = async (client: pg.Client): Promise<boolean> => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE "${database}"`);
    return found.rowCount === 0;
  };
  if (await withClient(site, settings, create, { database: 'postgres', long: true })) return true;
  const tables = await withClient(site, settings, tablesOf, { database });
  if (tables.length === 0) return false;
  throw precondition({
    code: 'DATABASE-NOT-EMPTY',
    where: `database ${database}`,
    fact: `holds ${plural(tables.length, 'table')}`,
    hint: 'name a new database with --into-database, look at the rows there, and copy over what you want',
  });
}

async function dropDatabase(site: Site, database: string): Promise<void> {
  const settings = postgresSettings(site.environment);
  const drop = (client: pg.Client) => client.query(`DROP DATABASE IF EXISTS "${database}"`);
  await withClient(site, settings, drop, { database: 'postgres', long: true, cleansUp: true });
}

async function tablesOf(client: pg.Client): Promise<TableName[]> {
  const { rows } = await client.query<TableName>(
    `SELECT schemaname AS schema, tablename AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2`,
  );
  return rows;
}

/** `217; 1259 16386 TABLE public orders postgres` → `public.orders`. Their `TABLE DATA` stand on lines of their own. */
function tablesInDump(listing: string): string[] {
  return [...listing.matchAll(/^\d+; \d+ \d+ TABLE (?!DATA |ATTACH )(\S+) (\S+) /gm)].map(
    ([, schema, name]) => `${schema}.${name}`,
  );
}

/** Throws `TABLE-UNKNOWN` (exit 2) with the nearest names. */
function checkTables(wanted: readonly TableName[], held: readonly string[]): void {
  const lost = wanted.map(({ schema, name }) => `${schema}.${name}`).find((table) => !held.includes(table));
  if (lost === undefined) return;
  throw badInput({
    code: 'TABLE-UNKNOWN',
    where: '--table',
    fact: `the dump holds no table "${lost}".${didYouMean(lost, held)}`,
    hint: 'name one of those that it holds, or restore all of it without --table',
  });
}

/** The dump as files that the server's account can read. */
async function fetchDump(
  site: Site,
  { source, capture }: Pick<Dump, 'source' | 'capture'>,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  await makeReachableFolder(site.environment.stateDir, folder, site.environment.runAs);
  await restoreSnapshot(openRestic(site, source, 'restorer'), { snapshot: capture.snapshot, folder, signal });
  const account = await lookUpAccount(site.environment.runAs);
  if (account) {
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
      await chown(join(entry.parentPath, entry.name), account.uid, account.gid);
  }
  return join(folder, capture.path, 'database');
}

async function countRows(client: pg.Client): Promise<{ table: string; rows: number }[]> {
  const counted: { table: string; rows: number }[] = [];
  for (const { schema, name } of await tablesOf(client)) {
    const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM "${schema}"."${name}"`);
    counted.push({ table: `${schema}.${name}`, rows: Number(rows[0]?.n) });
  }
  return counted;
}

/** A database that is made here and can't be filled is removed again, so that the same command can be given again. */
async function fill(site: Site, request: LogicalRequest, dump: string, folder: string): Promise<{ grants: boolean }> {
  const { database, signal } = request;
  const settings = postgresSettings(site.environment);
  const program = join(await findPostgresBin(settings.binDir), 'pg_restore');
  const secretEnv = await clientSecrets(site);
  const options = { as: site.environment.runAs, cwd: folder, signal, env: clientEnv(settings), secretEnv };
  const tables = request.tables.map(splitTable);
  checkTables(tables, tablesInDump((await site.run([program, '--list', dump], options)).stdout));
  const only = tables.flatMap((t) => ['--schema', t.schema, '--table', t.name]);
  const at = [...clientArguments(settings), '-d', database];
  const attempt = async (flags: readonly string[]): Promise<void> => {
    const made = await emptyDatabase(site, database);
    try {
      await withClient(
        site,
        settings,
        async (client) => {
          for (const { schema } of tables) await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
        },
        { database },
      );
      await site.run([program, ...at, '--no-owner', '--exit-on-error', ...flags, ...only, dump], options);
    } catch (error) {
      if (made) await dropDatabase(site, database);
      throw error;
    }
  };
  try {
    await attempt(['--jobs=2']);
    return { grants: tables.length === 0 };
  } catch (error) {
    // On another server the roles may not be there, and the rows matter more than who may read them.
    if (!(error instanceof DrError) || !/role "[^"]+" does not exist/.test(error.fact)) throw error;
    await attempt(['--jobs=2', '--no-privileges']);
    return { grants: false };
  }
}

export interface Dump {
  readonly repository: Repository;
  /** The repository, or a copy of its state at a moment. */
  readonly source: Repository;
  readonly point: string;
  readonly capture: ResticCapture;
  readonly notes: readonly string[];
}

/** Reads only. Throws DrErrors with exit 2 for names, targets and repositories. */
export async function findDump(site: Site, request: LogicalRequest): Promise<Dump> {
  checkName(request.database, '--into-database');
  for (const table of request.tables) splitTable(table);
  const workload = selectWorkloads(site.plan, ['type:postgres-dump']);
  const { repository, source, resolution, notes } = await chooseRepository(site, request, workload);
  const [found] = resolution.items;
  if (found?.capture.engine !== 'restic') throw new Error('a logical dump is held by restic');
  return { repository, source, notes, point: found.point, capture: found.capture };
}

export async function restoreLogical(site: Site, request: LogicalRequest): Promise<LogicalResult> {
  const { database, progress, signal } = request;
  const { repository, source, point, capture, notes } = await findDump(site, request);
  const folder = join(site.environment.stateDir, 'restore', `logical-${randomBytes(4).toString('hex')}`);
  const event = { step: 'restore/logical', title: `logical dump of ${capture.capturedAt} into ${database}` };
  progress({ ...event, state: 'start' });
  try {
    const { grants } = await fill(site, request, await fetchDump(site, { source, capture }, folder, signal), folder);
    const tables = await withClient(site, postgresSettings(site.environment), countRows, { database, long: true });
    progress({ ...event, state: 'done' });
    return { database, repository: repository.id, point, capturedAt: capture.capturedAt, grants, notes, tables };
  } catch (error) {
    const failure = asDrError(error, 'logical restore');
    progress({ ...event, state: 'failed', detail: failure.message });
    throw failure;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
