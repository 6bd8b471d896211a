/**
 * One row, updated every minute. PostgreSQL can't recover to a time after its last commit, so an idle database would refuse valid
 * targets. A commit every minute also lets `archive_timeout` ship a segment every minute.
 */
import type pg from 'pg';
import type { Site } from '../../config/site.ts';
import { hasCode } from '../../core/errors.ts';
import { withClient } from '../../workloads/postgres/server.ts';

/**
 * A database that was recovered begins a timeline of its own. Its first beat there keeps the one that was recovered: the only trace of
 * how new the recovered data is once the database has restarted.
 */
const BEAT = `
  INSERT INTO dr.heartbeat AS h (one, beat, timeline)
    VALUES (true, clock_timestamp(), substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
  ON CONFLICT (one) DO UPDATE SET beat = EXCLUDED.beat, timeline = EXCLUDED.timeline,
    inherited = CASE WHEN h.timeline IS DISTINCT FROM EXCLUDED.timeline THEN h.beat ELSE h.inherited END
  RETURNING beat`;
/** It holds one row at most. A fill factor far below 100 keeps each update within its page. */
const TABLE = `
  CREATE SCHEMA IF NOT EXISTS dr;
  CREATE TABLE IF NOT EXISTS dr.heartbeat (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), beat timestamptz NOT NULL) WITH (fillfactor = 10);
  ALTER TABLE dr.heartbeat ADD COLUMN IF NOT EXISTS timeline text, ADD COLUMN IF NOT EXISTS inherited timestamptz;
  COMMENT ON TABLE dr.heartbeat IS 'Updated every minute, so that every moment can be recovered to. Do not edit.'`;
const UNDEFINED_TABLE = '42P01';
const UNDEFINED_SCHEMA = '3F000';
/** An earlier version made the table. */
const UNDEFINED_COLUMN = '42703';

async function beatOnce(client: pg.Client): Promise<Date | undefined> {
  return (await client.query<{ beat: Date }>(BEAT)).rows[0]?.beat;
}

/** The moment of the beat; undefined on a standby, which takes no writes. Throws what PostgreSQL throws. */
export async function beat(site: Site): Promise<Date | undefined> {
  const settings = site.environment.postgres;
  if (settings === undefined) return undefined;
  return withClient(site, settings, async (client) => {
    const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
    if (rows[0]?.standby) return undefined;
    try {
      return await beatOnce(client);
    } catch (error) {
      if (!hasCode(error, UNDEFINED_TABLE, UNDEFINED_SCHEMA, UNDEFINED_COLUMN)) throw error;
      await client.query(TABLE);
      return beatOnce(client);
    }
  });
}
