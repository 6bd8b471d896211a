/** A table that is gone from the live database comes back whole: with its definition, its partitions and its rows. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { postgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { makeReachableFolder } from '../../core/account.ts';
import { DrError } from '../../core/errors.ts';
import { WRITES } from '../../core/sql/settings.ts';
import { findPostgresBin } from '../../engines/find.ts';
import { clientArguments, clientEnv, clientSecrets } from '../../workloads/postgres/access/client.ts';
import { withClient } from '../../workloads/postgres/server.ts';
import { type TableName, tableText } from '../dump-list.ts';
import { scratchFolder } from '../fetch-dump.ts';
import { rowsIn, sqlName } from './copy-tables.ts';
import { copyLargeObjects } from './large-objects.ts';
import { between, type TwoDatabases } from './sessions.ts';

export interface WholeTables extends TwoDatabases {
  /** Tables that the live database does not have. */
  readonly tables: readonly TableName[];
}

/** The table and its partitions of all levels. */
async function familyOf(client: pg.Client, table: TableName): Promise<TableName[]> {
  const { rows } = await client.query<TableName>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = $1::regclass OR c.oid IN (SELECT relid FROM pg_partition_tree($1::regclass))`,
    [sqlName(table)],
  );
  return rows;
}

/** All of them or none, but for large objects, which are there before. Throws `TABLE-NOT-BACK` (exit 1) with what PostgreSQL says. */
export async function bringBackWhole(site: Site, request: WholeTables): Promise<{ table: string; rows: number }[]> {
  const { liveDatabase, tables } = request;
  const settings = postgresSettings(site.environment);
  const families = await between(site, request, async (from, to) => {
    const all: TableName[] = [];
    for (const table of tables) all.push(...(await familyOf(from, table)));
    await copyLargeObjects(from, to, all);
    return all;
  });
  await copyWhole(site, request, families);
  return withClient(
    site,
    settings,
    async (live) => {
      const back: { table: string; rows: number }[] = [];
      for (const table of tables) back.push({ table: tableText(table), rows: await rowsIn(live, table) });
      return back;
    },
    { database: liveDatabase, long: true },
  );
}

async function copyWhole(
  site: Site,
  { database, liveDatabase, tables }: WholeTables,
  families: readonly TableName[],
): Promise<void> {
  const { runAs, stateDir } = site.environment;
  const settings = postgresSettings(site.environment);
  const bin = await findPostgresBin(settings.binDir);
  const folder = scratchFolder(site);
  const archive = join(folder, 'tables.dump');
  const secretEnv = await clientSecrets(site);
  const options = { as: runAs, cwd: folder, env: clientEnv(settings, WRITES), secretEnv };
  const program = (name: string, into: string) => [join(bin, name), ...clientArguments(settings), '-d', into] as const;
  const wanted = families.map((table) => `--table=${sqlName(table)}`);
  try {
    await makeReachableFolder(stateDir, folder, runAs);
    await site.run([...program('pg_dump', database), '--format=custom', ...wanted, `--file=${archive}`], options);
    await site.run(
      [...program('pg_restore', liveDatabase), '--single-transaction', '--exit-on-error', archive],
      options,
    );
  } catch (error) {
    if (!(error instanceof DrError) || error.code !== 'ENGINE-FAILED') throw error;
    throw new DrError({
      code: 'TABLE-NOT-BACK',
      where: tables.map(tableText).join(', '),
      fact: `nothing of it is in ${liveDatabase}: ${error.fact}`,
      hint: `it needs what is named there (a type, a function, a role, a schema): create that in ${liveDatabase}, then run the same command again`,
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
