/** How far the stack's server is behind the one that it follows. */
import { DrError } from '../../core/errors.ts';
import { formatLsn, type Lsn, parseLsn } from '../../points/wal-segment.ts';
import type { ManagedServer, Session } from './ports.ts';
import { quoted } from './prepare.ts';

export interface Lag {
  /** What the source has written. */
  readonly written: string;
  /** What the stack's server has replayed; undefined while it copies, or does not answer. */
  readonly replayed: string | undefined;
  readonly bytes: number | undefined;
  readonly streams: boolean;
  /** WAL that the source keeps for the slot. */
  readonly keptBytes: number | undefined;
  /** `reserved`, `extended`, `unreserved`; with `lost` the copy has to begin again. Undefined where there is no slot. */
  readonly slot: string | undefined;
}

export async function sourceEnd(source: Session): Promise<Lsn> {
  const [row = {}] = await source.query('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  return parseLsn(String(row.lsn));
}

export interface Follower {
  readonly inRecovery: boolean;
  readonly replayed: Lsn | undefined;
  readonly systemId: string;
}

/** Undefined where no member answers: it is copied, or starts. */
export async function followerOf(managed: ManagedServer): Promise<Follower | undefined> {
  const rows = await managed
    .query(
      `SELECT pg_is_in_recovery() AS follows, (SELECT system_identifier::text FROM pg_control_system()) AS id,
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn`,
    )
    .catch((error: unknown) => {
      if (error instanceof DrError) return undefined;
      throw error;
    });
  const [row] = rows ?? [];
  if (row === undefined) return undefined;
  return {
    inRecovery: row.follows === true,
    replayed: typeof row.lsn === 'string' ? parseLsn(row.lsn) : undefined,
    systemId: String(row.id),
  };
}

export async function lagOf(source: Session, managed: ManagedServer, slot: string): Promise<Lag> {
  const written = await sourceEnd(source);
  const follower = await followerOf(managed);
  const [own] = await source.query(
    `SELECT active, wal_status AS status, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), restart_lsn)::float8 AS kept
      FROM pg_replication_slots WHERE slot_name = ${quoted(slot)}`,
  );
  const replayed = follower?.inRecovery === true ? follower.replayed : undefined;
  return {
    written: formatLsn(written),
    replayed: replayed === undefined ? undefined : formatLsn(replayed),
    bytes: replayed === undefined ? undefined : Number(written > replayed ? written - replayed : 0n),
    streams: own?.active === true && replayed !== undefined,
    keptBytes: typeof own?.kept === 'number' ? own.kept : undefined,
    slot: own === undefined ? undefined : String(own.status),
  };
}
