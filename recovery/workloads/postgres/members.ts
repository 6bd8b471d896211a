/** What the PostgreSQL members of a site say of themselves, asked in their pods. */
import { DrError } from '../../core/errors.ts';
import type { SiteCluster } from '../../kubernetes/site-cluster.ts';
import {
  DEFAULT_SEGMENT_BYTES,
  type Lsn,
  parseLsn,
  type SegmentBytes,
  toSegmentBytes,
} from '../../points/wal-segment.ts';

export const POSTGRES_APP = 'postgres';

export interface Member {
  readonly pod: string;
  /** False: it takes writes. */
  readonly follows: boolean;
  /** Replayed, or written. Undefined for one that has replayed nothing yet. */
  readonly lsn: Lsn | undefined;
  readonly timeline: number;
  readonly segmentBytes: SegmentBytes;
  /** The last commit that came from another site; undefined where there was none since its start. */
  readonly lastCommit: Date | undefined;
  /** By name; a standby with a lower value than its leader's stops replaying. */
  readonly capacity: Readonly<Record<string, number>>;
  /** It follows, and replays nothing: somebody has paused it, or a setting is too low. */
  readonly paused: boolean;
}

/** PostgreSQL's documentation, "Administrator's Overview" of hot standby: these must be at least as high as on the primary. */
const CAPACITY = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
] as const;

// In a standby by archive the checkpoint's timeline may be an older one than that of the replay; good enough to be shown.
const QUESTION = `
  SELECT pg_is_in_recovery() AS follows,
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn,
    (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline,
    (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size') AS segment,
    (SELECT json_object_agg(name, setting::int) FROM pg_settings
      WHERE name IN (${CAPACITY.map((name) => `'${name}'`).join(', ')})) AS capacity,
    CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() = 'paused' ELSE false END AS paused,
    extract(epoch FROM pg_last_xact_replay_timestamp())::float8 AS commit`;

async function ask(cluster: SiteCluster, namespace: string, pod: string): Promise<Member> {
  const [row = {}] = await cluster.sql(namespace, pod, QUESTION);
  const { follows, lsn, timeline, segment, commit, capacity, paused } = row;
  return {
    pod,
    follows: follows !== false,
    lsn: typeof lsn === 'string' ? parseLsn(lsn) : undefined,
    timeline: Number(timeline ?? 0),
    segmentBytes: segment === undefined ? DEFAULT_SEGMENT_BYTES : toSegmentBytes(segment),
    lastCommit: typeof commit === 'number' ? new Date(commit * 1000) : undefined,
    capacity: typeof capacity === 'object' && capacity !== null ? (capacity as Record<string, number>) : {},
    paused: paused === true,
  };
}

/** Those that answer; the leader first, then the furthest. */
export async function membersOf(cluster: SiteCluster, namespace: string): Promise<Member[]> {
  const pods = (await cluster.pods(namespace)).filter(({ app, serves }) => app === POSTGRES_APP && serves);
  const asked = await Promise.all(
    pods.map(({ name }) =>
      ask(cluster, namespace, name).catch((error: unknown) => {
        // One that starts, or is stopped, has no answer yet.
        if (error instanceof DrError) return undefined;
        throw error;
      }),
    ),
  );
  return asked
    .filter((member) => member !== undefined)
    .sort((a, b) => Number(a.follows) - Number(b.follows) || Number((b.lsn ?? 0n) - (a.lsn ?? 0n)));
}

export async function leaderOf(cluster: SiteCluster, namespace: string): Promise<Member | undefined> {
  return (await membersOf(cluster, namespace)).find(({ follows }) => !follows);
}

/** Where a history left a timeline: it has that one's up to there. */
export interface Fork {
  readonly timeline: number;
  readonly lsn: Lsn;
}

/** Far more than a line for each timeline that ever was. */
const HISTORY_BYTES = 1_000_000;

/** Oldest first; empty for a first timeline. */
export async function forksOf(cluster: SiteCluster, namespace: string, { pod }: Member): Promise<Fork[]> {
  const [row = {}] = await cluster.sql(
    namespace,
    pod,
    `SELECT pg_read_file('pg_wal/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '.history',
      0, ${HISTORY_BYTES}, true) AS history`,
  );
  return String(row.history ?? '')
    .split('\n')
    .filter((line) => /^\d+\t/.test(line))
    .map((line) => {
      const [timeline = '', lsn = ''] = line.split('\t');
      return { timeline: Number(timeline), lsn: parseLsn(lsn) };
    });
}

/** A backend that gets the signal to end finishes its current commit. */
const ENDING_MILLISECONDS = 10_000;

/**
 * From now on no transaction writes: new ones by default, and the sessions that have one open end. This outlives a restart: whoever
 * starts this generation again has to reset `default_transaction_read_only`.
 */
export async function endWrites(cluster: SiteCluster, namespace: string, { pod }: Member): Promise<void> {
  await cluster.sql(namespace, pod, 'ALTER SYSTEM SET default_transaction_read_only = on');
  await cluster.sql(namespace, pod, 'SELECT pg_reload_conf()');
  await cluster.sql(
    namespace,
    pod,
    `SELECT count(pg_terminate_backend(pid, ${ENDING_MILLISECONDS})) FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
}

/** Finishes the segment that is being written, so that it is shipped now. Gives the place up to which everything is in it. */
export async function switchWal(cluster: SiteCluster, namespace: string, leader: Member): Promise<Lsn> {
  const [row = {}] = await cluster.sql(
    namespace,
    leader.pod,
    // A switch at the beginning of a segment does nothing: a record before it makes it one that is certain.
    `SELECT pg_logical_emit_message(false, 'dr', 'handover')::text AS said, pg_switch_wal()::text AS lsn`,
  );
  return parseLsn(String(row.lsn));
}
