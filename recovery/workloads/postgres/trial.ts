/** PostgreSQL of a point in a scratch place: restored, replayed to consistency, started on a private socket, and read from end to end. */
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { makeOwnedFolder, makeReachableFolder } from '../../core/account.ts';
import { writeFile } from '../../core/files/writes.ts';
import { findPostgresBin } from '../../engines/find.ts';
import type { SetItem } from '../restore-plan.ts';
import { judged } from '../restore-step.ts';
import type { TrialRequest, TrialResult } from '../workload.ts';
import { databaseFingerprint } from './fingerprint.ts';
import { openDatabases } from './open-databases.ts';
import { watchReplay } from './replay-stopped.ts';
import { startServer, stopServer, waitUntilWritable, withClient } from './server.ts';
import { layDown } from './side/lay-down.ts';
import { configure, engineFolder, scratchSettings } from './side/settings.ts';
import { postgresChecks } from './verify.ts';

/** Reads every row of every table of every database. A page whose checksum is wrong ends this with an error. */
export async function readTables(
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
    const end = { kind: 'immediate', timeline: item.capture.timeline } as const;
    await layDown(aside, { capture: item.capture, end, settings }, request);
    await configure(aside, settings);
    await writeFile(join(place, 'README'), 'A trial restore of `dr verify --deep`; it may be removed.\n');
    report('replaying the WAL of the set');
    await startServer(aside, settings);
    await waitUntilWritable(aside, settings, {
      watch: watchReplay({ settings, folder: engineFolder(scratch) }),
      signal,
    });
    return await askServer(aside, item, settings, request);
  } finally {
    await stopServer(aside, settings, { cleansUp: true }).catch((error: unknown) =>
      site.log.warn({ error: String(error) }, 'the trial server was not stopped'),
    );
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  }
}
