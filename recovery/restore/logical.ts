/** Restores from the logical dump: one table, another major version, or a chain in doubt. Never into a database that is in use. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { didYouMean } from '../../plan/nearest.ts';
import { selectWorkloads } from '../../plan/select.ts';
import { postgresSettings } from '../config/environment.ts';
import type { Repository, Site } from '../config/site.ts';
import { writeOwnedFile } from '../core/account.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { badInput, DrError, precondition, verificationFailed } from '../core/errors.ts';
import { WRITES } from '../core/sql/settings.ts';
import { findPostgresBin } from '../engines/find.ts';
import type { ResticCapture } from '../points/point.ts';
import { plural } from '../report/format.ts';
import { clientArguments, clientEnv, clientSecrets } from '../workloads/postgres/access/client.ts';
import { withClient } from '../workloads/postgres/server.ts';
import { chooseRepository } from './choose-repository.ts';
import {
  type DumpEntry,
  parseTableName,
  type Selection,
  selectTables,
  type TableName,
  tablesInDump,
} from './dump-list.ts';
import { blamed } from './elsewhere.ts';
import { entriesOf, fetchDump, scratchFolder } from './fetch-dump.ts';
import type { Choice } from './resolve-in.ts';

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
  /** What belongs to the tables and did not come along, with the reason. */
  readonly leftOut: readonly string[];
  /** Repositories that were passed over, and why. */
  readonly notes: readonly string[];
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
}

const IDENTIFIER = /^[a-z_][a-z0-9_$]{0,62}$/;

export function checkName(name: string, where: string): void {
  if (IDENTIFIER.test(name)) return;
  throw badInput({
    code: 'NAME-INVALID',
    where,
    fact: `${JSON.stringify(name)} is not a plain name`,
    hint: 'use a-z, 0-9 and _, beginning with a letter',
  });
}

/** Throws `NAME-INVALID` (exit 2). */
function splitTable(table: string): TableName {
  const found = parseTableName(table.includes('.') ? table : `public.${table}`);
  if (found !== undefined) return found;
  throw badInput({
    code: 'NAME-INVALID',
    where: '--table',
    fact: `${JSON.stringify(table)} is not schema.table`,
    hint: 'put double quotes around a part that holds a dot or a quote: --table \'public."a.b"\'',
  });
}

/** Makes the database, or takes one that holds no table. Throws `DATABASE-NOT-EMPTY` (exit 6). Returns whether it was made. */
export async function emptyDatabase(site: Site, database: string): Promise<boolean> {
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

export async function dropDatabase(site: Site, database: string): Promise<void> {
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

/** Throws `TABLE-UNKNOWN` (exit 2) with the nearest names. */
export function checkTables({ unknown }: Selection, held: readonly string[], holder = 'the dump'): void {
  const [lost] = unknown;
  if (lost === undefined) return;
  const name = `${lost.schema}.${lost.name}`;
  throw badInput({
    code: 'TABLE-UNKNOWN',
    where: '--table',
    fact: `${holder} holds no table "${name}".${didYouMean(name, held)}`,
    hint: 'name one of those that it holds, or restore all of it without --table',
  });
}

/** Undefined for a name that holds a dot: the point's facts don't say where its schema ends. */
function factOf({ schema, name }: TableName): string | undefined {
  return `${schema}${name}`.includes('.') ? undefined : `rows:${schema}.${name}`;
}

/**
 * Throws `TABLE-UNKNOWN` (exit 2) with the nearest names. The point has counted most tables; for any other name the dump itself is read,
 * into a folder that goes again.
 */
export async function checkTablesHeld(site: Site, request: LogicalRequest, dump: Dump): Promise<void> {
  const tables = request.tables.map(splitTable);
  const unsure = tables.filter((table) => dump.capture.facts[factOf(table) ?? ''] === undefined);
  if (unsure.length === 0) return;
  const folder = scratchFolder(site);
  try {
    const file = await fetchDump(site, dump, folder, request.signal);
    const entries = await entriesOf(site, file, { folder, signal: request.signal });
    checkTables(selectTables(entries, unsure), tablesInDump(entries));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function countRows(client: pg.Client): Promise<{ table: string; rows: number }[]> {
  const counted: { table: string; rows: number }[] = [];
  for (const { schema, name } of await tablesOf(client)) {
    const from = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
    const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${from}`);
    counted.push({ table: `${schema}.${name}`, rows: Number(rows[0]?.n) });
  }
  return counted;
}

interface Filled {
  readonly grants: boolean;
  /** Undefined: the whole dump. */
  readonly selection: Selection | undefined;
}

/** Existing schemas stay: the database may be one of the person's own, that holds no table yet. */
async function withoutExistingSchemas(
  site: Site,
  database: string,
  entries: readonly DumpEntry[],
  ids: readonly number[],
): Promise<number[]> {
  const settings = postgresSettings(site.environment);
  const { rows } = await withClient(
    site,
    settings,
    (client) => client.query<{ name: string }>('SELECT nspname AS name FROM pg_namespace'),
    database,
  );
  const there = entries.filter(
    ({ kind, rest }) => kind === 'SCHEMA' && rows.some(({ name }) => rest.startsWith(`- ${name} `)),
  );
  return ids.filter((id) => !there.some((entry) => entry.id === id));
}

/** A database that is made here and can't be filled is removed again, so that the same command can be given again. */
async function fill(site: Site, request: LogicalRequest, dump: string, folder: string): Promise<Filled> {
  const { database, signal } = request;
  const settings = postgresSettings(site.environment);
  const program = join(await findPostgresBin(settings.binDir), 'pg_restore');
  const secretEnv = await clientSecrets(site);
  const options = { as: site.environment.runAs, cwd: folder, signal, env: clientEnv(settings, WRITES), secretEnv };
  const entries = await entriesOf(site, dump, { folder, signal });
  const tables = request.tables.map(splitTable);
  const selection = tables.length === 0 ? undefined : selectTables(entries, tables);
  if (selection) checkTables(selection, tablesInDump(entries));
  const at = [...clientArguments(settings), '-d', database];
  const attempt = async (flags: readonly string[]): Promise<void> => {
    const made = await emptyDatabase(site, database);
    try {
      const only: string[] = [];
      if (selection) {
        const list = join(folder, 'entries.list');
        const ids = await withoutExistingSchemas(site, database, entries, selection.ids);
        await writeOwnedFile(list, `${ids.map((id) => `${id};`).join('\n')}\n`, 0o640, site.environment.runAs);
        only.push(`--use-list=${list}`);
      }
      await site.run([program, ...at, '--no-owner', '--exit-on-error', ...flags, ...only, dump], options);
    } catch (error) {
      if (made) await dropDatabase(site, database);
      throw error;
    }
  };
  try {
    await attempt(['--jobs=2']);
    return { grants: selection === undefined, selection };
  } catch (error) {
    // On another server the roles may not be there, and the rows matter more than who may read them.
    if (!(error instanceof DrError) || !/role "[^"]+" does not exist/.test(error.fact)) throw error;
    await attempt(['--jobs=2', '--no-privileges']);
    return { grants: false, selection };
  }
}

/**
 * The point counted the rows of each table when it was dumped. Rows that came and went in that moment may differ; none at all where there
 * were some is a failed restore. Throws `ROWS-MISSING` (exit 5).
 */
function checkRows(
  { facts }: ResticCapture,
  selection: Selection | undefined,
  restored: LogicalResult['tables'],
): void {
  const now = new Map(restored.map(({ table, rows }) => [table, rows]));
  const wanted = selection?.tables ?? Object.keys(facts).map((fact) => fact.replace(/^rows:/, ''));
  const lost = wanted.filter((table) => Number(facts[`rows:${table}`] ?? 0) > 0 && (now.get(table) ?? 0) === 0);
  if (lost.length === 0) return;
  throw verificationFailed({
    code: 'ROWS-MISSING',
    where: '--into-database',
    fact: `no row came back of ${lost.map((table) => `${table} (${facts[`rows:${table}`]} when it was dumped)`).join(', ')}`,
    hint: 'take another point or repository (`dr points`, --from); the database is left for you to look at',
  });
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
  const about = { site, choice: request, workloads: workload, repository: request.from };
  const command = (other: string): string => `the same command with --from ${other}`;
  const choose = () => chooseRepository(site, request, workload);
  const { repository, source, resolution, notes } = await blamed({ ...about, command }, choose);
  const [found] = resolution.items;
  if (found?.capture.engine !== 'restic') throw new Error('a logical dump is held by restic');
  return { repository, source, notes, point: found.point, capture: found.capture };
}

export async function restoreLogical(site: Site, request: LogicalRequest): Promise<LogicalResult> {
  const { database, progress, signal } = request;
  const { repository, source, point, capture, notes } = await findDump(site, request);
  const folder = scratchFolder(site);
  const event = { step: 'restore/logical', title: `logical dump of ${capture.capturedAt} into ${database}` };
  progress({ ...event, state: 'start' });
  try {
    const dump = await fetchDump(site, { source, capture }, folder, signal);
    const { grants, selection } = await fill(site, request, dump, folder);
    const tables = await withClient(site, postgresSettings(site.environment), countRows, { database, long: true });
    checkRows(capture, selection, tables);
    progress({ ...event, state: 'done' });
    const leftOut = selection?.leftOut ?? [];
    const { capturedAt } = capture;
    return { database, repository: repository.id, point, capturedAt, grants, leftOut, notes, tables };
  } catch (error) {
    const failure = asDrError(error, 'logical restore');
    progress({ ...event, state: 'failed', detail: failure.message });
    throw failure;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
