/** What PostgreSQL reports about its WAL: what is archived, what waits, and how far a standby is behind. */
import type { Site } from '../../config/site.ts';
import { withClient } from '../../workloads/postgres/server.ts';
import type { SlotObservation, WalObservation } from './observation.ts';
import { observeReceived } from './observe-received.ts';

interface Answer {
  readonly now: Date;
  readonly recovering: boolean;
  readonly last_archived: Date | null;
  readonly waiting: number;
  readonly wal_bytes: number;
  /** In recovery: age of the last replayed commit; 0 when all received WAL is replayed. On a leader: the slowest follower. */
  readonly lag: number | null;
  readonly slots: readonly SlotObservation[];
}

// A standby that streams and has replayed everything it received has no lag, however long ago the last commit was. One whose stream is
// broken, or that reads from an archive, does not know what it lacks: there the age of the last commit is all that is known.
const QUESTION = `
  SELECT clock_timestamp() AS now, pg_is_in_recovery() AS recovering, last_archived_time AS last_archived,
    (SELECT count(*)::int FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') AS waiting,
    (SELECT coalesce(sum(size), 0)::float8 FROM pg_ls_waldir()) AS wal_bytes,
    CASE WHEN pg_is_in_recovery() THEN
      CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
             AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') THEN 0
           ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END
    ELSE (SELECT extract(epoch FROM max(replay_lag)) FROM pg_stat_replication) END::float8 AS lag,
    (SELECT coalesce(json_agg(json_build_object('slot', slot_name, 'active', active, 'keptBytes', pg_wal_lsn_diff(
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn))), '[]')
      FROM pg_replication_slots WHERE restart_lsn IS NOT NULL) AS slots
  FROM pg_stat_archiver`;

/** Undefined where the environment has no PostgreSQL whose WAL is copied, or the server does not answer. */
export async function observeServer(site: Site, now: Date): Promise<WalObservation | undefined> {
  const settings = site.environment.postgres;
  if (settings === undefined) return observeReceived(site);
  try {
    const answer = await withClient(site, settings, async (client) => (await client.query<Answer>(QUESTION)).rows[0]);
    if (answer === undefined) return undefined;
    // Ages are taken by the server's clock: a difference between two clocks is not a lag.
    const ours = (theirs: Date): Date => new Date(theirs.getTime() + now.getTime() - answer.now.getTime());
    return {
      waiting: answer.waiting,
      bytes: answer.wal_bytes,
      slots: answer.slots,
      ...(answer.recovering || answer.last_archived === null ? {} : { lastArchived: ours(answer.last_archived) }),
      ...(answer.lag === null ? {} : { standbyLag: { seconds: answer.lag, at: now } }),
    };
  } catch (error) {
    site.log.debug({ error: String(error) }, 'the server does not report what it archived');
    return undefined;
  }
}
