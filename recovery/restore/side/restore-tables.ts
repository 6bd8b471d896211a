/** `dr restore --table … --to MOMENT`: tables as they were, into a database beside the live one. The live data is only read. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { selectWorkloads } from '../../../plan/select.ts';
import { postgresSettings } from '../../config/environment.ts';
import type { Repository, Site } from '../../config/site.ts';
import { writeOwnedFile } from '../../core/account.ts';
import { asDrError } from '../../core/as-dr-error.ts';
import { DrError, precondition, verificationFailed } from '../../core/errors.ts';
import { parseJson } from '../../core/json.ts';
import { findPostgresBin } from '../../engines/find.ts';
import type { PostgresCapture } from '../../points/point.ts';
import { formatTarget } from '../../points/target.ts';
import { formatBytes } from '../../report/format.ts';
import { clientArguments, clientEnv, clientSecrets } from '../../workloads/postgres/access/client.ts';
import { checkServer, checkWal } from '../../workloads/postgres/host/preflight.ts';
import { withClient } from '../../workloads/postgres/server.ts';
import {
  bytesOfSide,
  checkSideRoom,
  type Side,
  type SideEnd,
  withSide,
} from '../../workloads/postgres/side/instance.ts';
import { openSource } from '../../workloads/postgres/source.ts';
import { chooseRepository } from '../choose-repository.ts';
import type { TableName } from '../dump-list.ts';
import { checkName, dropDatabase, emptyDatabase } from '../logical.ts';
import { wantedEnd } from '../make-plan.ts';
import type { Choice } from '../resolve-in.ts';
import { type Copied, copyTables, rowsIn } from './copy-tables.ts';
import { copyLargeObjects } from './large-objects.ts';

export interface TablesRequest extends Choice {
  readonly tables: readonly TableName[];
  /** The database that they were in. @default the environment's */
  readonly sourceDatabase?: string | undefined;
  /** A new or empty one. */
  readonly database: string;
}

export interface TablesSource {
  readonly repository: Repository;
  /** The repository, or a copy of its state at a moment. */
  readonly source: Repository;
  readonly point: string;
  readonly capture: PostgresCapture;
  readonly end: SideEnd;
  /** Transactions that the target lies just before. */
  readonly xids: readonly string[];
  /** Bytes that the side instance takes. */
  readonly bytes: number;
  readonly notes: readonly string[];
}

export interface TablesResult {
  readonly database: string;
  readonly repository: string;
  readonly point: string;
  readonly set: string;
  readonly target: string;
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  readonly largeObjects: number;
  readonly leftOut: readonly string[];
  readonly notes: readonly string[];
}

/** What a restored database says of itself, in its comment: `--compare` and `--merge` read it. */
const originSchema = z.object({
  drRestored: z.literal(1),
  target: z.string(),
  database: z.string(),
  point: z.string(),
  xids: z.array(z.string()),
});
export type RestoredOrigin = z.infer<typeof originSchema>;

/** Undefined for a database that no restore of tables has made. */
export async function originOf(site: Site, database: string): Promise<RestoredOrigin | undefined> {
  const ask = "SELECT shobj_description(oid, 'pg_database') AS said FROM pg_database WHERE datname = $1";
  const { rows } = await withClient(site, postgresSettings(site.environment), (client) =>
    client.query<{ said: string | null }>(ask, [database]),
  );
  return originSchema.safeParse(parseJson(rows[0]?.said ?? '')).data;
}

/** Reads only. Throws DrErrors with exit 2 and 6 for targets, names, versions, and too little disk. */
export async function findTablesSource(site: Site, request: TablesRequest): Promise<TablesSource> {
  checkName(request.database, '--into-database');
  const workloads = selectWorkloads(site.plan, ['type:postgres']);
  const { repository, source, resolution, notes } = await chooseRepository(site, request, workloads);
  const [found] = resolution.items;
  if (found === undefined || found.capture.engine !== 'pgbackrest')
    throw precondition({
      code: 'WAL-NONE',
      where: `postgres in ${repository.id}`,
      fact: `${formatTarget(request.target)} names a moment, and no set of pgBackRest is there to be replayed to it`,
      hint: 'the newest dump has the table as it was then: --to latest',
    });
  const { capture } = found;
  await checkServer(site, capture);
  const pg = await openSource({ site, source }, capture);
  const { end } = await checkWal(site, pg, { repository: source, capture, wanted: wantedEnd(resolution, found) });
  if (end.kind === 'end-of-wal') throw new Error('a side instance pauses at a place');
  await checkSideRoom(site, capture);
  const said = [...notes, ...resolution.warnings];
  const xids = found.place?.xids ?? [];
  return { repository, source, point: found.point, capture, end, xids, bytes: bytesOfSide(capture), notes: said };
}

export async function restoreTables(site: Site, request: TablesRequest): Promise<TablesResult> {
  const found = await findTablesSource(site, request);
  const { database, progress, signal, target } = request;
  const event = { step: 'restore/tables', title: `tables of ${formatTarget(target)} into ${database}` };
  const report = (detail: string, fraction?: number): void =>
    progress({ ...event, state: 'progress', detail, ...(fraction === undefined ? {} : { fraction }) });
  progress({ ...event, state: 'start', detail: `needs ${formatBytes(found.bytes)} in ${site.environment.stateDir}` });
  try {
    const { source: repository, capture, end } = found;
    const lease = request.repositoryTime ? undefined : { repository: found.repository, point: found.point };
    const opened = { repository, capture, lease, end, what: 'dr restore --table', report, signal };
    const done = await withSide(site, opened, (side) => fill(site, side, request, { found, report }));
    progress({ ...event, state: 'done' });
    return { ...done, database, repository: found.repository.id, point: found.point, set: capture.set };
  } catch (error) {
    const failure = asDrError(error, 'restore of tables');
    progress({ ...event, state: 'failed', detail: failure.message });
    throw failure;
  }
}

interface Filling {
  readonly found: TablesSource;
  readonly report: (detail: string) => void;
}

/** The rows go through an archive in the scratch place into the live server's disk: both are asked. */
async function checkBothDisks(site: Site, bytes: number): Promise<void> {
  for (const [folder, what] of [
    [site.environment.stateDir, 'the archive of the rows'],
    [postgresSettings(site.environment).dataDir, 'the database beside the live one'],
  ] as const) {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    // Half a gigabyte is left to the live server.
    if (bytes + 512 * 1024 * 1024 <= free) continue;
    throw precondition({
      code: 'DISK-TOO-SMALL',
      where: folder,
      fact: `${what} takes up to ${formatBytes(bytes)} there and ${formatBytes(free)} are free`,
      hint: 'make room there, or name fewer tables',
    });
  }
}

async function fill(
  site: Site,
  side: Side,
  request: TablesRequest,
  { found, report }: Filling,
): Promise<Pick<TablesResult, 'target' | 'tables' | 'largeObjects' | 'leftOut' | 'notes'>> {
  const { database, signal, target } = request;
  const settings = postgresSettings(site.environment);
  const sourceDatabase = request.sourceDatabase ?? settings.database;
  const copied = await copyTables(site, side, {
    database: sourceDatabase,
    tables: request.tables,
    report,
    checkRoom: (bytes) => checkBothDisks(site, bytes),
    signal,
  });
  report(`load ${database}`);
  const made = await load(site, side, { database, copied, signal });
  try {
    const tables = copied.tables.filter(({ kind }) => kind === 'r');
    const largeObjects = await side.ask(
      (from) => withClient(site, settings, (to) => copyLargeObjects(from, to, tables), { database, long: true }),
      { database: sourceDatabase, long: true },
    );
    await checkCounts(site, database, tables);
    const origin = {
      drRestored: 1,
      target: formatTarget(target),
      database: sourceDatabase,
      point: found.point,
      xids: found.xids,
    };
    await withClient(
      site,
      settings,
      (client) =>
        client.query(
          `COMMENT ON DATABASE ${client.escapeIdentifier(database)} IS ${client.escapeLiteral(JSON.stringify(origin))}`,
        ),
      { database },
    );
    return {
      target: formatTarget(target),
      tables: tables.map(({ schema, name, rows }) => ({ table: `${schema}.${name}`, rows })),
      largeObjects,
      leftOut: copied.selection.leftOut,
      notes: [...found.notes, ...made.notes],
    };
  } catch (error) {
    if (made.isNew) await dropDatabase(site, database);
    throw error;
  }
}

/** Throws `ROWS-MISSING` (exit 5). */
async function checkCounts(site: Site, database: string, tables: Copied['tables']): Promise<void> {
  const settings = postgresSettings(site.environment);
  const count = (table: TableName): Promise<number> =>
    withClient(site, settings, (client) => rowsIn(client, table, 'ONLY'), { database, long: true });
  for (const table of tables) {
    const rows = await count(table);
    if (rows === table.rows) continue;
    throw verificationFailed({
      code: 'ROWS-MISSING',
      where: `${table.schema}.${table.name}`,
      fact: `${rows} rows came back, and the side instance has ${table.rows}`,
      hint: 'run the same command again; an unlogged table has no rows in the WAL',
    });
  }
}

/** Kinds whose owners or grantees may not be here. */
const NO_ROLE = /role "[^"]+" does not exist/;

/** A database that is made here and can't be filled is removed again. */
async function load(
  site: Site,
  side: Side,
  {
    database,
    copied,
    signal,
  }: { readonly database: string; readonly copied: Copied; readonly signal: AbortSignal | undefined },
): Promise<{ readonly isNew: boolean; readonly notes: string[] }> {
  const settings = postgresSettings(site.environment);
  const program = join(await findPostgresBin(settings.binDir), 'pg_restore');
  const place = join(side.folder, 'postgres');
  const list = join(place, 'entries.list');
  const secretEnv = await clientSecrets(site);
  const options = { as: site.environment.runAs, cwd: place, signal, env: clientEnv(settings), secretEnv };
  const attempt = async (flags: readonly string[]): Promise<boolean> => {
    const isNew = await emptyDatabase(site, database);
    const at = [...clientArguments(settings), '-d', database, '--exit-on-error', ...flags];
    try {
      const ids = await neededIds(site, database, copied);
      await writeOwnedFile(list, `${ids.map((id) => `${id};`).join('\n')}\n`, 0o640, site.environment.runAs);
      await site.run([program, ...at, '--section=pre-data', `--use-list=${list}`, copied.schemaFile], options);
      if (copied.dataFolder !== '') await site.run([program, ...at, '--jobs=2', copied.dataFolder], options);
      await site.run(
        [program, ...at, '--jobs=2', '--section=post-data', `--use-list=${list}`, copied.schemaFile],
        options,
      );
      return isNew;
    } catch (error) {
      if (isNew) await dropDatabase(site, database);
      throw error;
    }
  };
  try {
    return { isNew: await attempt([]), notes: [] };
  } catch (error) {
    // Roles belong to the whole server: one that was dropped since then is not in a database's copy.
    if (!(error instanceof DrError) || !NO_ROLE.test(error.fact)) throw error;
    const role = NO_ROLE.exec(error.fact)?.[0] ?? 'a role is gone';
    const note = `owners and permissions are not restored: ${role}`;
    return { isNew: await attempt(['--no-owner', '--no-privileges']), notes: [note] };
  }
}

/** `public` is in each new database; a schema of that name must not be made again. */
async function neededIds(site: Site, database: string, { selection, schemas }: Copied): Promise<number[]> {
  const list = 'SELECT nspname AS name FROM pg_namespace';
  const { rows } = await withClient(
    site,
    postgresSettings(site.environment),
    (client) => client.query<{ name: string }>(list),
    database,
  );
  const there = schemas.filter(({ name }) => rows.some((row) => row.name === name)).map(({ id }) => id);
  return selection.ids.filter((id) => !there.includes(id));
}
