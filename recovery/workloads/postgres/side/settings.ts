/** A server in a scratch place: its settings, its folders, its private socket. Nothing reaches out of it. */
import { join } from 'node:path';
import { type PostgresSettings, postgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { makeOwnedFolder, writeOwnedFile } from '../../../core/account.ts';
import { appendFile } from '../../../core/files/writes.ts';
import { settingLine, socketFolder } from '../../../core/quote.ts';
import type { Scratch } from '../../workload.ts';

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

/** @param more overrules those above */
export async function configure(
  site: Site,
  settings: ScratchSettings,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
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
    ...more,
    hba_file: hba,
    ident_file: ident,
    unix_socket_directories: socketFolder(settings.socketDir),
  };
  const lines = Object.entries(all).map(([name, value]) => settingLine(name, value));
  await appendFile(join(settings.dataDir, 'postgresql.auto.conf'), `\n${lines.join('\n')}\n`);
}

export type ScratchSettings = PostgresSettings & { readonly configDir: string };

export function scratchSettings(site: Site, scratch: Scratch): ScratchSettings {
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

/** pgBackRest's configuration, locks and spool. */
export const engineFolder = (scratch: Scratch): string => join(scratch.folder, 'pgbackrest');
