/** PostgreSQL's parameters that decide what a crash or a disaster costs (PostgreSQL 18's manual, chapter 19). Pure. */
import { effectOf, GETS, PUSHES } from '../../../plan/declared/postgres.ts';
import { less, type Meaning, type Meanings, more, quantityOf, ranked, read, shown, wantedOn } from './meaning.ts';

const NO_WAL = 'PostgreSQL archives no WAL, so nothing after the last backup comes back, and no moment between backups';
const CORRUPT = 'a crash of a server can leave PostgreSQL corrupt';

/** The last words of a path: `archive-push.sh %p`. Folders hold the generation, and say nothing. */
const withoutFolders = (text: string): string => text.replace(/(^|\s)\/\S*\/(?=[^/\s]+)/g, '$1');

/** @param works what the command must call */
function command(about: Omit<Meaning, 'judge'>, works: RegExp): Meaning {
  return {
    ...about,
    judge: (value) => {
      const text = String(value).trim();
      const effect = effectOf(text, works);
      if (effect === 'nothing') return { text: text === '' ? 'empty' : text, worth: 0 };
      return effect === 'works' ? { text: withoutFolders(text), worth: 1, unclear: true } : { text, unclear: true };
    },
  };
}

const archiving = (harm: string, absent?: unknown) => ({ area: 'archiving', store: 'postgres', harm, absent }) as const;
const durable = (harm: string, absent?: unknown) => ({ area: 'durability', store: 'postgres', harm, absent }) as const;
const recovering = (harm: string, absent?: unknown) => ({ area: 'recovery', store: 'postgres', harm, absent }) as const;

export const POSTGRES_SETTINGS: Meanings = {
  archive_mode: {
    ...archiving(NO_WAL, 'off'),
    judge: ranked(['off', 'on', 'always'], archiving(NO_WAL)).judge,
  },
  archive_command: command(archiving(NO_WAL, ''), PUSHES),
  archive_library: read(archiving(NO_WAL, '')),
  archive_timeout: less(archiving('an idle database ships its last commits later', 0), Number.NEGATIVE_INFINITY),
  wal_level: ranked(
    ['minimal', 'replica', 'logical'],
    archiving('WAL lacks what a restore and a standby need', 'replica'),
  ),
  fsync: wantedOn(durable(CORRUPT, 'on')),
  full_page_writes: wantedOn(durable(CORRUPT, 'on')),
  data_sync_retry: ranked(['on', 'off'], durable(CORRUPT, 'off')),
  wal_sync_method: shown(durable(CORRUPT)),
  synchronous_commit: ranked(
    ['off', 'local', 'remote_write', 'on', 'remote_apply'],
    durable('commits that PostgreSQL has acknowledged are lost with the server', 'on'),
  ),
  synchronous_standby_names: read(durable('commits wait for other replicas, or for none', '')),
  zero_damaged_pages: ranked(['on', 'off'], durable('damaged pages are emptied without a word', 'off')),
  ignore_checksum_failure: ranked(['on', 'off'], durable('damaged pages are read as if they were whole', 'off')),
  ignore_system_indexes: ranked(['on', 'off'], durable('system indexes are not used', 'off')),
  wal_log_hints: wantedOn(recovering('a former leader can’t rejoin by pg_rewind', 'off')),
  hot_standby: wantedOn(recovering('a standby answers no query, so nobody sees how far it is', 'on')),
  hot_standby_feedback: shown(recovering('queries on a standby are cancelled', 'off')),
  recovery_min_apply_delay: less(recovering('a standby is further behind', 0)),
  wal_keep_size: more(recovering('WAL that a dead leader has not shipped is gone sooner', 0)),
  max_slot_wal_keep_size: shown(recovering('a replica that falls behind loses its slot', -1)),
  max_wal_senders: more(recovering('fewer replicas and backups can connect', 10)),
  max_replication_slots: more(recovering('fewer replicas can follow', 10)),
  restart_after_crash: wantedOn(recovering('a crashed server stays down', 'on')),
  restore_command: command(recovering('a replica or a restore can’t read the archive', ''), GETS),
  recovery_target: read(recovering('recovery ends elsewhere', '')),
  recovery_target_action: read(recovering('recovery ends otherwise', 'pause')),
  recovery_target_timeline: read(recovering('recovery follows another timeline', 'latest')),
  primary_conninfo: read(recovering('the standby follows another server', '')),
  ssl: wantedOn({
    area: 'encryption',
    store: 'postgres',
    harm: 'passwords and rows travel in plain text',
    absent: 'off',
  }),
  password_encryption: ranked(['md5', 'scram-sha-256'], {
    area: 'encryption',
    store: 'postgres',
    absent: 'scram-sha-256',
  }),
  checkpoint_timeout: {
    area: 'rto',
    store: 'postgres',
    absent: 300,
    harm: 'a crashed server replays more WAL before it answers',
    // More than half an hour of WAL to replay matters; less is tuning.
    judge: (value) => {
      const seconds = quantityOf(value);
      return seconds === undefined
        ? { text: String(value), unclear: true }
        : seconds <= 1800
          ? { text: '30 min or less', worth: 1 }
          : { text: String(value), worth: -seconds };
    },
  },
};

/** Memory, planner, statistics, logging, autovacuum, connections: they change neither what is kept nor what comes back. */
export const POSTGRES_HARMLESS = new RegExp(
  `^(${[
    'shared_buffers|huge_pages|work_mem|hash_mem_multiplier|maintenance_work_mem|autovacuum\\w*|vacuum_\\w+|temp_\\w+',
    'effective_\\w+|random_page_cost|seq_page_cost|cpu_\\w+|enable_\\w+|jit\\w*|geqo\\w*|default_statistics_target',
    'from_collapse_limit|join_collapse_limit|plan_cache_mode|parallel_\\w+|max_parallel_\\w+|max_worker_processes',
    'log_\\w+|logging_collector|track_\\w+|cluster_name|application_name|update_process_title|debug_print_\\w+',
    'max_connections|superuser_reserved_connections|reserved_connections|tcp_\\w+|listen_addresses|port|unix_socket_\\w+',
    'idle_\\w+|statement_timeout|lock_timeout|transaction_timeout|deadlock_timeout|client_\\w+|lc_\\w+|timezone\\w*|datestyle',
    'bgwriter_\\w+|backend_flush_after|commit_delay|commit_siblings|wal_buffers|wal_writer_\\w+|wal_compression|min_wal_size',
    'max_wal_size|checkpoint_completion_target|checkpoint_flush_after|checkpoint_warning|default_text_search_config',
    'pg_stat_statements\\.\\w+|auto_explain\\.\\w+|max_locks_per_transaction|ssl_\\w+|io_\\w+',
    'max_prepared_transactions|max_files_per_process|search_path|row_security|extra_float_digits|bytea_output|xml\\w+',
    'max_logical_replication_workers|max_sync_workers_per_subscription|max_stack_depth|gin_\\w+|array_nulls|event_source',
  ].join('|')})$`,
  'i',
);
