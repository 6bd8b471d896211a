/** PostgreSQL of a point in a scratch place: restored, replayed to consistency, started on a private socket, and read from end to end. */
import { appendFile, chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PostgresSettings, postgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { makeOwnedFolder, makeReachableFolder, writeOwnedFile } from '../../core/account.ts';
import { settingLine, socketFolder } from '../../core/quote.ts';
import { findPostgresBin } from '../../engines/find.ts';
import { openPgBackRest } from '../../engines/pgbackrest/pgbackrest.ts';
import { restoreArguments } from '../../engines/pgbackrest/restore.ts';
import { readFraction } from '../../engines/pgbackrest/sets.ts';
import { explainFailedRestore } from '../../engines/pgbackrest/verify.ts';
import type { PostgresCapture } from '../../points/point.ts';
import type { SetItem } from '../restore-plan.ts';
import { judged } from '../restore-step.ts';
import type { Scratch, TrialRequest, TrialResult } from '../workload.ts';
import { databaseFingerprint } from './fingerprint.ts';
import { openDatabases } from './open-databases.ts';
import { watchRoom } from './replay-room.ts';
import { startServer, stopServer, waitUntilWritable, withClient } from './server.ts';
import { postgresChecks } from './verify.ts';

/**
 * The source's settings came along with the set. What could reach out of the scratch place, or needs what is not here, is overruled;
 * the last line of a setting counts.
 */
const OVERRULED = {
  archive_mode: 'off',
  archive_command: '',
  archive_cleanup_command: '',
  recovery_end_command: '',
  primary_conninfo: '',
  synchronous_standby_names: '',
  // A subscription of the copy would take changes from its publisher that the living subscriber has not received yet.
  max_logical_replication_workers: '0',
  listen_addresses: '',
  ssl: 'off',
  external_pid_file: '',
  shared_preload_libraries: '',
  session_preload_libraries: '',
  local_preload_libraries: '',
  logging_collector: 'off',
  log_destination: 'stderr',
  hot_standby: 'off',
  autovacuum: 'off',
  default_transaction_read_only: 'off',
  // Damage must not be read as nothing, whatever the living server puts up with.
  zero_damaged_pages: 'off',
  ignore_checksum_failure: 'off',
  ignore_system_indexes: 'off',
  // The trial's data is not kept.
  fsync: 'off',
  shared_buffers: '128MB',
  huge_pages: 'off',
  max_connections: '20',
  max_prepared_transactions: '200',
  statement_timeout: '0',
  lock_timeout: '0',
} as const;

async function configure(site: Site, settings: ScratchSettings): Promise<void> {
  const { configDir } = settings;
  await makeOwnedFolder(configDir, site.environment.runAs);
  const hba = join(configDir, 'pg_hba.conf');
  const ident = join(configDir, 'pg_ident.conf');
  const write = (path: string, text: string) => writeOwnedFile(path, text, 0o640, site.environment.runAs);
  await write(hba, 'local all all trust\n');
  await write(ident, '');
  await write(join(configDir, 'postgresql.conf'), '');
  const all = {
    ...OVERRULED,
    hba_file: hba,
    ident_file: ident,
    unix_socket_directories: socketFolder(settings.socketDir),
  };
  const lines = Object.entries(all).map(([name, value]) => settingLine(name, value));
  await appendFile(join(settings.dataDir, 'postgresql.auto.conf'), `\n${lines.join('\n')}\n`);
}

type ScratchSettings = PostgresSettings & { readonly configDir: string };

function scratchSettings(site: Site, scratch: Scratch): ScratchSettings {
  const { user, database, binDir } = postgresSettings(site.environment);
  const place = join(scratch.folder, 'postgres');
  return {
    dataDir: join(place, 'data'),
    configDir: join(place, 'config'),
    logFile: join(place, 'postgres.log'),
    socketDir: scratch.sockets,
    port: 5432,
    user,
    database,
    ...(binDir === undefined ? {} : { binDir }),
  };
}

/** Links and tablespaces stay inside: their originals belong to the living server. */
function withinScratch(args: readonly string[], scratch: Scratch): string[] {
  const kept = args.filter((arg) => arg !== '--link-all' && arg !== '--delta' && arg !== '--archive-mode=off');
  return [...kept, '--archive-mode=off', `--tablespace-map-all=${join(scratch.folder, 'postgres', 'tablespaces')}`];
}

const engineFolder = (scratch: Scratch): string => join(scratch.folder, 'pgbackrest');

async function layDown(
  site: Site,
  capture: PostgresCapture,
  settings: PostgresSettings,
  { repository, scratch, report, signal }: TrialRequest,
): Promise<void> {
  const { lineage, passphrase, timeline, set } = capture;
  const pg = await openPgBackRest(site, {
    lineage,
    repositories: [repository],
    role: 'restorer',
    passphrase,
    folder: engineFolder(scratch),
    postgres: settings,
  });
  const request = { repository, capture, dataDir: settings.dataDir, delta: false };
  const end = { kind: 'immediate', timeline } as const;
  const args = restoreArguments({ ...request, end }, pg.number(repository), pg.getScript);
  const onLine = (line: string): void => {
    const fraction = readFraction(line);
    if (fraction !== undefined) report(set, fraction);
  };
  try {
    await pg.run('restore', withinScratch(args, scratch), { onLine, signal });
  } catch (error) {
    report('reading the sets to name what is damaged');
    throw await explainFailedRestore(pg, { repository, set, error, signal });
  }
}

/** Reads every row of every table of every database. A page whose checksum is wrong ends this with an error. */
async function readTables(
  site: Site,
  settings: PostgresSettings,
  names: readonly string[],
  report: TrialRequest['report'],
): Promise<{ tables: number; rows: number }> {
  let [tables, rows] = [0, 0];
  for (const name of names) {
    report(`reading every table of ${name}`);
    const read = await withClient(site, settings, (client) => databaseFingerprint(client), {
      database: name,
      long: true,
    });
    tables += read.tables.length;
    rows += read.tables.reduce((sum, table) => sum + table.rows, 0);
  }
  return { tables, rows };
}

/** `pg_amcheck` needs the extension `amcheck`, which not every installation has; then this gives undefined. */
async function amcheck(site: Site, settings: PostgresSettings, signal?: AbortSignal): Promise<string | undefined> {
  const program = join(await findPostgresBin(settings.binDir), 'pg_amcheck');
  if (!(await isThere(program))) return undefined;
  const at = ['-h', settings.socketDir, '-p', String(settings.port), '-U', settings.user];
  const { stdout, stderr, exitCode } = await site.run([program, ...at, '--all', '--install-missing', '--jobs=2'], {
    as: site.environment.runAs,
    cwd: '/',
    accept: [0, 1, 2],
    signal,
  });
  if (exitCode === 0) return 'nothing';
  if (/extension "amcheck" is not available|could not open extension control file/.test(stderr)) return undefined;
  return `${stdout}\n${stderr}`.trim().split('\n').slice(0, 10).join('; ') || `ended ${exitCode}`;
}

async function askServer(
  site: Site,
  item: SetItem,
  settings: PostgresSettings,
  { report, signal }: TrialRequest,
): Promise<TrialResult> {
  const { tier } = item;
  const checks = [...judged(item, await postgresChecks(site, item))];
  const databases = await openDatabases(site, settings);
  const { tables, rows } = await readTables(site, settings, databases, report);
  const read = `${tables} tables, ${rows} rows`;
  const title = `every table of ${databases.length} databases was read to its end`;
  checks.push({ id: 'postgres/read', title, tier, expected: 'no error', actual: read, ok: true });
  report('pg_amcheck');
  const corrupt = await amcheck(site, settings, signal);
  if (corrupt !== undefined)
    checks.push({
      id: 'postgres/amcheck',
      title: 'corruption that pg_amcheck finds in tables and indexes',
      tier,
      expected: 'nothing',
      actual: corrupt,
      ok: corrupt === 'nothing',
    });
  return { checks, tables, rows };
}

export async function tryPostgres(site: Site, item: SetItem, request: TrialRequest): Promise<TrialResult> {
  const { scratch, report, signal } = request;
  const settings = scratchSettings(site, scratch);
  const environment = { ...site.environment, postgres: settings };
  const aside: Site = { ...site, environment };
  const place = join(scratch.folder, 'postgres');
  await makeReachableFolder(site.environment.stateDir, place, site.environment.runAs);
  await makeOwnedFolder(settings.dataDir, site.environment.runAs);
  await chmod(settings.dataDir, 0o700);
  try {
    await layDown(aside, item.capture, settings, request);
    await configure(aside, settings);
    await writeFile(join(place, 'README'), 'A trial restore of `dr verify --deep`; it may be removed.\n');
    report('replaying the WAL of the set');
    await startServer(aside, settings);
    await waitUntilWritable(aside, settings, { watch: watchRoom(engineFolder(scratch)), signal });
    return await askServer(aside, item, settings, request);
  } finally {
    await stopServer(aside, settings, { cleansUp: true }).catch((error: unknown) =>
      site.log.warn({ error: String(error) }, 'the trial server was not stopped'),
    );
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  }
}
