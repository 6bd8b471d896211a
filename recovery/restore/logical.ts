/** The logical dump: one table, another PostgreSQL major, or the day when the physical chain is in doubt. Never into a database that is in use. */
import { chown, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lookUpAccount } from '../adapters/account.ts';
import { openCatalog } from '../catalog.ts';
import { findPostgresBin } from '../doctor/engines.ts';
import { postgresSettings } from '../engines/pgbackrest/pgbackrest.ts';
import { withClient } from '../engines/postgres/server.ts';
import { restoreSnapshot } from '../engines/restic/actions.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { badInput, precondition } from '../errors.ts';
import type { ResticCapture } from '../point.ts';
import type { Progress } from '../ports.ts';
import { resolveTarget } from '../resolve.ts';
import type { Repository, Site } from '../site.ts';
import type { Target } from '../target.ts';

export interface LogicalRequest {
  readonly repository: Repository;
  readonly target: Target;
  /** `schema.table`; empty for the whole database. */
  readonly tables: readonly string[];
  /** A new or empty database. */
  readonly database: string;
  readonly now: Date;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface LogicalResult {
  readonly database: string;
  readonly point: string;
  readonly capturedAt: string;
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
}

const IDENTIFIER = /^[a-z_][a-z0-9_$]{0,62}$/;

function checkName(name: string, where: string): void {
  if (IDENTIFIER.test(name)) return;
  throw badInput({
    code: 'NAME-INVALID',
    where,
    fact: `${JSON.stringify(name)} is no plain name`,
    hint: 'use a-z, 0-9 and _, beginning with a letter',
  });
}

function splitTable(table: string): { schema: string; name: string } {
  const [schema, name, more] = table.includes('.') ? table.split('.') : ['public', table];
  checkName(schema ?? '', '--table');
  checkName(name ?? '', '--table');
  if (more !== undefined) checkName('', '--table');
  return { schema: schema ?? '', name: name ?? '' };
}

/** Makes the database, or takes one that holds no table. Throws `DATABASE-NOT-EMPTY` (exit 6). */
async function emptyDatabase(site: Site, database: string): Promise<void> {
  const settings = postgresSettings(site.environment);
  const there = await withClient(
    site,
    settings,
    async (client) => {
      const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
      if (found.rowCount === 0) await client.query(`CREATE DATABASE "${database}"`);
      return found.rowCount !== 0;
    },
    'postgres',
  );
  if (!there) return;
  const tables = await withClient(
    site,
    settings,
    async (client) => {
      const { rows } = await client.query<{ n: string }>(
        "SELECT count(*) AS n FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
      );
      return Number(rows[0]?.n);
    },
    database,
  );
  if (tables === 0) return;
  throw precondition({
    code: 'DATABASE-NOT-EMPTY',
    where: `database ${database}`,
    fact: `holds ${tables} tables`,
    hint: 'name a new database with --into-database, look at the rows there, and copy over what you want',
  });
}

export async function restoreLogical(site: Site, request: LogicalRequest): Promise<LogicalResult> {
  const { repository, database, progress, signal } = request;
  checkName(database, '--into-database');
  const tables = request.tables.map(splitTable);
  const settings = postgresSettings(site.environment);
  const catalog = await openCatalog(site, repository, 'restorer');
  const resolution = resolveTarget({
    repository: repository.id,
    entries: await catalog.points(),
    target: request.target,
    workloads: ['postgres-dump'],
    now: request.now,
  });
  const found = resolution.items.find((i) => i.workload === 'postgres-dump');
  if (!found) {
    throw badInput({
      code: 'DUMP-MISSING',
      where: repository.id,
      fact: 'holds no logical dump up to that target',
      hint: 'a full backup takes one: dr points',
    });
  }
  const capture = found.capture as ResticCapture;
  await emptyDatabase(site, database);
  const folder = join(site.environment.stateDir, 'restore', `logical-${process.pid}`);
  const event = { step: 'restore/logical', title: `logical dump of ${capture.capturedAt} into ${database}` };
  progress({ ...event, state: 'start' });
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await restoreSnapshot(openRestic(site, repository, 'restorer'), { snapshot: capture.snapshot, folder, signal });
    const account = await lookUpAccount(site.environment.runAs);
    if (account) {
      await chown(folder, account.uid, account.gid);
      for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
        await chown(join(entry.parentPath, entry.name), account.uid, account.gid);
    }
    const bin = await findPostgresBin(settings.binDir);
    const at = ['-h', settings.socketDir, '-p', String(settings.port), '-U', settings.user, '-d', database];
    const only = tables.flatMap((t) => ['--schema', t.schema, '--table', t.name]);
    const options = ['--no-owner', '--jobs=2', ...(tables.length > 0 ? [] : ['--exit-on-error']), ...only];
    const dump = join(folder, capture.path, 'database');
    await site.run([join(bin, 'pg_restore'), ...at, ...options, dump], {
      as: site.environment.runAs,
      cwd: folder,
      signal,
    });
    const rows = await withClient(
      site,
      settings,
      async (client) => {
        const { rows: names } = await client.query<{ schemaname: string; tablename: string }>(
          "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2",
        );
        const counted: { table: string; rows: number }[] = [];
        for (const { schemaname, tablename } of names) {
          const { rows: n } = await client.query<{ n: string }>(
            `SELECT count(*) AS n FROM "${schemaname}"."${tablename}"`,
          );
          counted.push({ table: `${schemaname}.${tablename}`, rows: Number(n[0]?.n) });
        }
        return counted;
      },
      database,
    );
    const lost = tables.find((t) => !rows.some((r) => r.table === `${t.schema}.${t.name}`));
    if (lost)
      throw badInput({
        code: 'TABLE-UNKNOWN',
        where: '--table',
        fact: `the dump holds no table ${lost.schema}.${lost.name}`,
        hint: 'look at all of it: leave --table out',
      });
    progress({ ...event, state: 'done' });
    return { database, point: found.point, capturedAt: capture.capturedAt, tables: rows };
  } catch (error) {
    progress({ ...event, state: 'failed', detail: (error as Error).message });
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
