/** Does an external server let `dr` receive its WAL, and what does it keep for that. Every question is asked before anything is made. */
import type pg from 'pg';
import type { ExternalPostgres } from '../../../config/external.ts';
import type { Site } from '../../../config/site.ts';
import { badInput, DrError, EXIT, messageOf, precondition } from '../../../core/errors.ts';
import { toSegmentBytes } from '../../../points/wal-segment.ts';
import {
  addressOf,
  identifySystem,
  programsFor,
  type Server,
  serverOf,
  versionOf,
  withServer,
} from '../postgres/server.ts';

export type WalServer = Server & { readonly slot: string; readonly unlimited: boolean };

/** Throws `WAL-UNCONFIGURED` (exit 2). */
export function walServerOf(site: Site): WalServer {
  const external: ExternalPostgres | undefined = site.environment.external?.postgres;
  if (external?.wal !== undefined) return { ...serverOf(site.environment), ...external.wal };
  throw badInput({
    code: 'WAL-UNCONFIGURED',
    where: 'external.postgres.wal',
    fact: 'the environment file does not ask for the WAL of an external PostgreSQL',
    hint: 'add external.postgres.wal: {}, or leave postgres-wal out with --only',
  });
}

interface Settings {
  readonly level: string;
  readonly senders: number;
  readonly slots: number;
  readonly used: number;
  readonly replicates: boolean;
  readonly standby: boolean;
  readonly keep: string | null;
  readonly keep_bytes: string | null;
  readonly segment: string;
  readonly tablespaces: string[];
  readonly superuser: string;
}

const ASK = `
  SELECT current_setting('wal_level') AS level, current_setting('max_wal_senders')::int AS senders,
         current_setting('max_replication_slots')::int AS slots, (SELECT count(*)::int FROM pg_replication_slots) AS used,
         (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user) AS replicates,
         pg_is_in_recovery() AS standby, current_setting('max_slot_wal_keep_size', true) AS keep,
         (SELECT CASE WHEN setting::bigint < 0 THEN NULL ELSE setting::bigint * 1024 * 1024 END::text
            FROM pg_settings WHERE name = 'max_slot_wal_keep_size') AS keep_bytes,
         (SELECT setting FROM pg_settings WHERE name = 'wal_segment_size') AS segment,
         ARRAY(SELECT spcname::text FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')) AS tablespaces,
         pg_get_userbyid(10) AS superuser`;

export interface Slot {
  readonly active: boolean;
  /** `reserved`, `extended`, `unreserved`, `lost`; null before PostgreSQL 13. */
  readonly status: string | null;
  /** WAL that the server keeps for it, bytes. */
  readonly kept: number;
}

/** Undefined where there is none. */
export async function readSlot(client: pg.Client, { slot }: WalServer): Promise<Slot | undefined> {
  const { rows } = await client.query<{ active: boolean; status: string | null; kept: string | null }>(
    `SELECT active, to_jsonb(s)->>'wal_status' AS status, (pg_current_wal_lsn() - restart_lsn)::text AS kept
       FROM pg_replication_slots s WHERE slot_name = $1 AND slot_type = 'physical'`,
    [slot],
  );
  const [row] = rows;
  return row === undefined ? undefined : { active: row.active, status: row.status, kept: Number(row.kept ?? 0) };
}

export interface Replicating {
  readonly server: WalServer;
  readonly bin: string;
  readonly version: string;
  readonly systemId: string;
  readonly timeline: number;
  readonly segmentBytes: number;
  readonly superuser: string;
  readonly slot: Slot | undefined;
  /** Bytes that a slot may keep; undefined without a limit. */
  readonly limit: number | undefined;
}

const majorOf = (version: string): string => /^\d+/.exec(version)?.[0] ?? '';

/** Replay needs programs of the server's own major version. */
async function sameMajor(site: Site, server: Server, version: string): Promise<string> {
  const bin = await programsFor(site, server, version);
  const { stdout } = await site.run([`${bin}/pg_receivewal`, '--version'], { timeoutSeconds: 20 });
  const own = /(\d+)(?:\.\d+|devel|beta\d+|rc\d+)/.exec(stdout)?.[0] ?? '';
  if (majorOf(own) === majorOf(version)) return bin;
  throw badInput({
    code: 'POSTGRES-OTHER-MAJOR',
    where: `${server.field}.binDir`,
    fact: `the server is PostgreSQL ${version}, and the programs in ${bin} are ${own}: they can't replay its WAL`,
    hint: `install PostgreSQL ${majorOf(version)} on this host, and name its programs: ${server.field}.binDir`,
  });
}

function refusal(server: WalServer, found: Settings): readonly [fact: string, hint: string] | undefined {
  const { user, slot } = server;
  if (!found.replicates)
    return [
      `"${user}" may not replicate`,
      `ALTER ROLE ${user} REPLICATION; a hosted server allows it to nobody: leave external.postgres.wal out`,
    ];
  if (found.standby) return ['it is a standby', 'name the primary in external.postgres.host'];
  if (!['replica', 'logical'].includes(found.level))
    return [`wal_level is ${found.level}`, 'ALTER SYSTEM SET wal_level = replica, and restart it'];
  if (found.senders < 3)
    return [
      `max_wal_senders is ${found.senders}`,
      'the receiver needs one and a base backup two: ALTER SYSTEM SET max_wal_senders = 10, and restart it',
    ];
  if (found.tablespaces.length > 0)
    return [
      `it has tablespaces (${found.tablespaces.join(', ')}), which are not supported`,
      'leave external.postgres.wal out: its dumps hold their tables',
    ];
  if (found.slots === 0)
    return [
      'max_replication_slots is 0',
      `ALTER SYSTEM SET max_replication_slots = 10, and restart it: the slot "${slot}" keeps WAL while nobody receives it`,
    ];
  return undefined;
}

const forbidden = (server: Server, fact: string, hint: string, cause?: unknown): DrError =>
  new DrError({
    code: 'REPLICATION-FORBIDDEN',
    where: addressOf(server),
    fact: `it does not let its WAL be received: ${fact}`,
    hint,
    exit: EXIT.locked,
    cause,
  });

/** The server's own word on a replication connection: its pg_hba.conf has lines for them alone. */
async function identify(site: Site, server: WalServer) {
  try {
    return await identifySystem(site, server);
  } catch (error) {
    if (!(error instanceof DrError) || error.code !== 'POSTGRES-DENIED') throw error;
    const line = `hostssl replication ${server.user} ADDRESS scram-sha-256`;
    throw forbidden(server, error.fact, `add a line to its pg_hba.conf and reload it: ${line}`, error);
  }
}

/**
 * Changes nothing. Throws `REPLICATION-FORBIDDEN`, `SLOT-UNLIMITED` (exit 6), `POSTGRES-OTHER-MAJOR`, `POSTGRES-NEWER` (exit 2), and what
 * the way to the server throws.
 */
export async function checkReplication(site: Site): Promise<Replicating> {
  const server = walServerOf(site);
  const { found, version, slot } = await withServer(site, server, async (client) => ({
    found: (await client.query<Settings>(ASK)).rows[0] as Settings,
    version: await versionOf(client),
    slot: await readSlot(client, server).catch((error: unknown) => {
      // A standby can't say where it writes.
      if (/recovery is in progress/.test(messageOf(error))) return undefined;
      throw error;
    }),
  }));
  const why = refusal(server, found);
  if (why !== undefined) throw forbidden(server, ...why);
  const full = slot === undefined && found.used >= found.slots;
  if (full)
    throw forbidden(server, `all of its ${found.slots} slots are taken`, 'raise max_replication_slots, and restart it');
  const { systemId, timeline } = await identify(site, server);
  const limit = found.keep_bytes === null ? undefined : Number(found.keep_bytes);
  if (limit === undefined && !server.unlimited) {
    throw precondition({
      code: 'SLOT-UNLIMITED',
      where: addressOf(server),
      fact: `its max_slot_wal_keep_size is ${found.keep ?? 'unknown to its version'}: a slot whose receiver is away fills its disk`,
      hint: "ALTER SYSTEM SET max_slot_wal_keep_size = '16GB' and reload it; or take the risk: external.postgres.wal.unlimited: true",
    });
  }
  const bin = await sameMajor(site, server, version);
  const { superuser } = found;
  return {
    server,
    bin,
    version,
    systemId,
    timeline,
    segmentBytes: toSegmentBytes(found.segment),
    superuser,
    slot,
    limit,
  };
}
