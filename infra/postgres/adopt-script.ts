/** The scripts of a database that takes over a running server: the copy, and what is its own after the promotion. Pure. */
import { sessionSettings, startupOptions, WRITES } from '../../recovery/public.ts';
import { PATHS } from '../cluster/paths.ts';
import type { PostgresSource } from '../config/stores/schema.ts';
import { walOption } from './wal-volume.ts';

/**
 * Settings that belong to the source's host. They come along in its files, and a setting of `ALTER SYSTEM` would win over Patroni's: the
 * members would archive into the source's place, look for its files, or wait for its standbys.
 */
const OF_ITS_HOST = [
  'archive_(mode|command|timeout|library|cleanup_command)',
  'restore_command',
  'recovery_[a-z_]+',
  'primary_(conninfo|slot_name)',
  'synchronous_standby_names',
  'default_transaction_read_only',
  'listen_addresses',
  'port',
  'unix_socket_[a-z_]+',
  'ssl[a-z_]*',
  '(data_directory|hba_file|ident_file|external_pid_file)',
  '(logging_collector|log_directory)',
  'huge_pages',
  'dynamic_library_path',
  'cluster_name',
  'wal_level',
  'max_slot_wal_keep_size',
  'include(_dir|_if_exists)?',
].join('|');

const forget = (): string => `sed -i -E '/^[[:space:]]*(${OF_ITS_HOST})([[:space:]]|=)/d' "$file"`;

/** Logs in with the stack's own password for replication, which `dr adopt` has given to the role on the source. */
export function renderAdopt({ host, port, slot, phase }: PostgresSource, walVolume = false): string {
  const wal = walOption(walVolume).map(({ waldir }) => ` --waldir='${waldir}'`);
  const refused = [
    '#!/bin/sh',
    `echo "the data of ${host}:${port} was taken over: a new copy of it would lack what was written since" >&2`,
    'echo "hint: bring it back from a recovery point: dr rebuild" >&2',
    'exit 1',
  ];
  if (phase === 'lead') return `${refused.join('\n')}\n`;
  return `${[
    '#!/bin/sh',
    `# Copies the server ${host}:${port} into ${PATHS.pgData}.`,
    'set -eu',
    'umask 077',
    // An interrupted copy can't be continued.
    `rm -rf '${PATHS.pgData}'${walVolume ? ` '${PATHS.pgWal}'` : ''}`,
    // Patroni takes its own variables out of the environment, and gives the password for the source in this file.
    '[ -r "$PGPASSFILE" ]',
    'export PGCONNECT_TIMEOUT=10',
    `pg_basebackup --pgdata='${PATHS.pgData}' --host='${host}' --port=${port} --username=replicator --no-password \\`,
    `  --slot='${slot}' --wal-method=stream --checkpoint=fast${wal.join('')}`,
    `for file in '${PATHS.pgData}/postgresql.conf' '${PATHS.pgData}/postgresql.auto.conf'; do`,
    `  [ -e "$file" ] || continue`,
    `  ${forget()}`,
    'done',
  ].join('\n')}\n`;
}

const PINNED = startupOptions({ ...sessionSettings({ lock_timeout: '1min', statement_timeout: '5min' }), ...WRITES });

/**
 * Runs in the new leader. `postgres` gets the stack's password. Roles of the platform keep theirs, also one that has the name of this
 * stack's own. Passwords pass through the environment, and the server must not log them.
 */
export function renderAfterAdopt(database: string, applicationPassword: string): string {
  return `${[
    '#!/bin/sh',
    '# Makes what the stack needs in a database that it has taken over.',
    'set -eu',
    `export PGOPTIONS='${PINNED}'`,
    "exec psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'",
    "SET log_statement = 'none';",
    'SET log_min_duration_statement = -1;',
    "SET log_min_error_statement = 'panic';",
    '\\getenv superuser PATRONI_SUPERUSER_PASSWORD',
    `\\getenv password ${applicationPassword}`,
    "ALTER ROLE postgres PASSWORD :'superuser';",
    `SELECT format('CREATE ROLE ${database} LOGIN PASSWORD %L', :'password') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${database}') \\gexec`,
    `SELECT 'CREATE DATABASE ${database} OWNER ${database}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${database}') \\gexec`,
    'SQL',
  ].join('\n')}\n`;
}
