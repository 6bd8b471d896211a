/** A dump of an external server in a PostgreSQL of `dr`'s own: made for it, loaded, compared row by row, and removed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { makeOwnedFolder, makeReachableFolder } from '../../../core/account.ts';
import { appendFile } from '../../../core/files/writes.ts';
import { settingLine } from '../../../core/quote.ts';
import { findPostgresBin } from '../../../engines/find.ts';
import { startServer, stopServer, waitUntilWritable } from '../../postgres/server.ts';
import type { SnapshotItem } from '../../restore-plan.ts';
import { check } from '../../restore-step.ts';
import type { Scratch, TrialRequest, TrialResult } from '../../workload.ts';
import { readInventory } from './inventory.ts';
import { loadDump } from './load.ts';
import type { Server } from './server.ts';

const USER = 'postgres';

/** Its data is not kept, and nothing reaches it but its socket. */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  listen_addresses: '',
  autovacuum: 'off',
  max_connections: '20',
  shared_buffers: '128MB',
} as const;

async function makeServer(site: Site, scratch: Scratch): Promise<PostgresSettings> {
  const { external, postgres, runAs, stateDir } = site.environment;
  const place = join(scratch.folder, 'postgres');
  const binDir = await findPostgresBin(external?.postgres?.binDir ?? postgres?.binDir);
  await makeReachableFolder(stateDir, place, runAs);
  const dataDir = join(place, 'data');
  await makeOwnedFolder(dataDir, runAs);
  const argv = [
    join(binDir, 'initdb'),
    '-D',
    dataDir,
    '-U',
    USER,
    '--auth=trust',
    '--no-sync',
    '--encoding=UTF8',
  ] as const;
  await site.run([...argv, '--locale=C'], { as: runAs, cwd: '/' });
  const lines = Object.entries(SETTINGS).map(([name, value]) => settingLine(name, value));
  await appendFile(join(dataDir, 'postgresql.conf'), `\n${lines.join('\n')}\n`);
  const at = { socketDir: scratch.sockets, logFile: join(place, 'postgres.log'), port: 5432 };
  return { ...at, dataDir, binDir, user: USER, database: 'postgres' };
}

/** Throws `DUMP-DIFFERS` (exit 5), `EXTENSION-MISSING` where this host lacks what the dump needs. */
export async function tryDump(
  site: Site,
  { destination, tier, workload }: SnapshotItem,
  { scratch, report, signal }: TrialRequest,
): Promise<TrialResult> {
  const settings = await makeServer(site, scratch);
  const aside: Site = { ...site, environment: { ...site.environment, postgres: settings } };
  const { socketDir, port, user, binDir } = settings;
  const server: Server = {
    host: socketDir,
    port,
    user,
    binDir,
    maintenance: 'postgres',
    tls: 'disable',
    field: 'trial',
  };
  try {
    await startServer(aside, settings);
    await waitUntilWritable(aside, settings, { signal });
    const { databases } = await readInventory(destination);
    await loadDump(aside, { server, folder: destination, id: 'trial', report, signal });
    const tables = databases.flatMap((each) => each.tables);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const held = `${tables.length} tables, ${rows} rows`;
    const title = `the dumps of ${databases.length} databases were loaded, and hold every row that was dumped`;
    const made = check({ tier } as SnapshotItem, { id: `${workload}/loaded`, title, expected: held, actual: held });
    return { checks: [made], tables: tables.length, rows };
  } finally {
    await stopServer(aside, settings, { cleansUp: true }).catch((error: unknown) =>
      site.log.warn({ error: String(error) }, 'the trial server was not stopped'),
    );
    await rm(join(scratch.folder, 'postgres'), { recursive: true, force: true, maxRetries: 5 });
  }
}
