/**
 * One row, updated every minute. PostgreSQL can't recover to a time after its last commit, so an idle database would refuse valid
 * targets. A commit every minute also lets `archive_timeout` ship a segment every minute.
 */
import type pg from 'pg';
import type { Site } from '../../config/site.ts';
import { hasCode } from '../../core/errors.ts';
import { withClient } from '../../workloads/postgres/server.ts';

const BEAT = `
  INSERT INTO dr.heartbeat AS h (one, beat) VALUES (true, clock_timestamp())
  ON CONFLICT (one) DO UPDATE SET beat = EXCLUDED.beat RETURNING beat`;
/** It holds one row at most. A fill factor far below 100 keeps each update within its page. */
const TABLE = `
  CREATE SCHEMA IF NOT EXISTS dr;
  CREATE TABLE IF NOT EXISTS dr.heartbeat (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), beat timestamptz NOT NULL) WITH (fillfactor = 10);
  COMMENT ON TABLE dr.heartbeat IS 'Updated every minute, so that every moment can be recovered to. Do not edit.'`;
const UNDEFINED_TABLE = '42P01';
const UNDEFINED_SCHEMA = '3F000';

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
      if (!hasCode(error, UNDEFINED_TABLE, UNDEFINED_SCHEMA)) throw error;
      await client.query(TABLE);
      return beatOnce(client);
    }
  });
}
