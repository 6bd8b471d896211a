/** Changes of PostgreSQL's and Patroni's configuration. */
import { NO_WAL, PATRONI, parameter, type RealChange } from '../real-change.ts';

export const POSTGRES: readonly RealChange[] = [
  {
    title: 'archive_mode off',
    edit: PATRONI('archive_mode: on', 'archive_mode: off'),
    row: 'PostgreSQL archive_mode',
    says: NO_WAL,
  },
  {
    title: 'archive_mode as a text',
    edit: PATRONI('archive_mode: on', 'archive_mode: "False"'),
    row: 'PostgreSQL archive_mode',
    says: NO_WAL,
  },
  { title: 'no archive_mode', edit: PATRONI(/ +archive_mode: on\n/, ''), row: 'PostgreSQL archive_mode', says: NO_WAL },
  {
    title: 'archive_command /bin/true',
    edit: PATRONI(/archive_command: .*/, 'archive_command: /bin/true'),
    row: 'PostgreSQL archive_command',
    says: NO_WAL,
  },
  {
    title: 'an empty archive_command',
    edit: PATRONI(/archive_command: .*/, 'archive_command: ""'),
    row: 'PostgreSQL archive_command',
    says: NO_WAL,
  },
  {
    title: 'an archive_command that swallows failures',
    edit: PATRONI(/(archive_command: .*)/, '$1 || true'),
    row: 'PostgreSQL archive_command',
  },
  {
    title: 'another archive_command',
    edit: PATRONI(/archive_command: .*/, 'archive_command: cp %p /mnt/wal/%f'),
    row: 'PostgreSQL archive_command',
    verdict: 'unknown',
  },
  {
    title: 'an archive_library',
    edit: parameter('archive_library: basic_archive'),
    row: 'PostgreSQL archive_library',
    verdict: 'unknown',
  },
  {
    title: 'archive_timeout of an hour',
    edit: PATRONI('archive_timeout: 60', 'archive_timeout: 1h'),
    row: 'PostgreSQL archive_timeout',
    says: /worst-case RPO of P1/,
  },
  {
    title: 'no archive_timeout',
    edit: PATRONI('archive_timeout: 60', 'archive_timeout: 0'),
    row: 'PostgreSQL archive_timeout',
  },
  {
    title: 'wal_level minimal',
    edit: PATRONI('wal_level: replica', 'wal_level: minimal'),
    row: 'PostgreSQL wal_level',
  },
  {
    title: 'fsync off',
    edit: parameter('fsync: off'),
    row: 'PostgreSQL fsync',
    says: 'a crash of a server can leave PostgreSQL corrupt',
  },
  { title: 'full_page_writes off', edit: parameter('full_page_writes: "0"'), row: 'PostgreSQL full_page_writes' },
  { title: 'synchronous_commit off', edit: parameter('synchronous_commit: off'), row: 'PostgreSQL synchronous_commit' },
  { title: 'damaged pages emptied', edit: parameter('zero_damaged_pages: on'), row: 'PostgreSQL zero_damaged_pages' },
  { title: 'no data checksums', edit: PATRONI(/ +- data-checksums\n/, ''), row: 'data checksums of a new PostgreSQL' },
  {
    title: 'a larger lag on failover',
    edit: PATRONI('maximum_lag_on_failover: 1048576', 'maximum_lag_on_failover: 1073741824'),
    row: 'Patroni bootstrap.dcs.maximum_lag_on_failover',
  },
  {
    title: 'no pg_rewind',
    edit: PATRONI('use_pg_rewind: true', 'use_pg_rewind: false'),
    row: 'Patroni bootstrap.dcs.postgresql.use_pg_rewind',
  },
  {
    title: 'no callback after a change of the leader',
    edit: PATRONI(/ {2}callbacks:\n.*\n/, ''),
    row: 'Patroni postgresql.callbacks.on_role_change',
  },
  {
    title: 'a restore_command that finds nothing',
    edit: PATRONI(/restore_command: .*/, 'restore_command: /bin/true'),
    row: 'PostgreSQL restore_command',
  },
  {
    title: 'a login without a password',
    edit: PATRONI('host all all all scram-sha-256', 'host all all all trust'),
    row: 'who may log in to PostgreSQL (pg_hba)',
  },
  {
    title: 'a superuser that logs in by a password',
    edit: PATRONI('hostssl all postgres all cert map=recovery', 'hostssl all postgres all scram-sha-256'),
    row: 'how PostgreSQL lets its superuser in over the network',
    says: 'the superuser can log in',
  },
  {
    title: 'a superuser that logs in without TLS',
    edit: PATRONI(/ +- host all postgres all reject\n/, ''),
    row: 'how PostgreSQL lets its superuser in over the network',
  },
  {
    title: 'another certificate that becomes the superuser',
    edit: PATRONI('recovery dr-superuser postgres', 'recovery anybody postgres'),
    row: 'who becomes which role of PostgreSQL (pg_ident)',
  },
  {
    title: 'a parameter that nobody knows',
    edit: parameter('recovery_prefetch_window: 3'),
    row: 'PostgreSQL recovery_prefetch_window',
    verdict: 'unknown',
    says: 'unknown',
  },
  { title: 'TLS off', edit: PATRONI('ssl: on', 'ssl: off'), row: 'PostgreSQL ssl' },
];
