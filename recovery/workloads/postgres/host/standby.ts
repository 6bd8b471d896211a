/** A server that follows another one: it takes no writes, archives nothing and can't be prepared. It is said who leads. */
import type pg from 'pg';
import { postgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { precondition } from '../../../core/errors.ts';
import { withClient } from '../server.ts';

const QUESTION = `
  SELECT pg_is_in_recovery() AS follows, current_setting('primary_conninfo', true) AS conninfo,
    (SELECT to_jsonb(r)->>'sender_host' FROM pg_stat_wal_receiver r) AS host,
    (SELECT to_jsonb(r)->>'sender_port' FROM pg_stat_wal_receiver r) AS port`;

interface Answer {
  readonly follows: boolean;
  readonly conninfo: string | null;
  readonly host: string | null;
  readonly port: string | null;
}

/** Pure: host and port of a connection string, which may hold a password too. */
export function leaderIn(conninfo: string): string {
  const value = (name: string): string | undefined =>
    new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:'([^']*)'|(\\S+))`).exec(conninfo)?.slice(1).find(Boolean);
  const host = value('host') ?? value('hostaddr') ?? /^\w+:\/\/(?:[^@/]*@)?([^/?]+)/.exec(conninfo)?.[1];
  if (host === undefined) return 'a server that primary_conninfo does not name: it follows an archive';
  const port = value('port');
  return port === undefined ? host : `${host}:${port}`;
}

/** Who leads, in words. Undefined for a server that takes writes. */
export async function leaderOfStandby(client: pg.Client): Promise<string | undefined> {
  const [answer] = (await client.query<Answer>(QUESTION)).rows;
  if (answer?.follows !== true) return undefined;
  const { host, port, conninfo } = answer;
  return host === null ? leaderIn(conninfo ?? '') : `${host}${port === null ? '' : `:${port}`}`;
}

/** Throws `POSTGRES-STANDBY` (exit 6). */
export async function refuseStandby(site: Site): Promise<void> {
  const settings = postgresSettings(site.environment);
  const leader = await withClient(site, settings, leaderOfStandby, 'postgres');
  if (leader === undefined) return;
  throw precondition({
    code: 'POSTGRES-STANDBY',
    where: 'postgres',
    fact: `the server is a standby (or still recovers); ${leader} leads`,
    hint: 'run this on the host of the leader, or promote this one first: pg_ctl promote (in a cluster: `dr failover --stack NAME`)',
  });
}
