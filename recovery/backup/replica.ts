/** Whose files a backup copies: a replica's where one follows, so that the leader serves its clients. */
import type { PostgresSettings } from '../config/environment.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError, messageOf } from '../core/errors.ts';
import type { PgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import { replicaOptions } from '../engines/pgbackrest/replica.ts';
import { makeSet, type SetRequest } from '../engines/pgbackrest/sets.ts';
import { withClient } from '../workloads/postgres/server.ts';

/** The one that has replayed the most. Its name is that of its pod, as Patroni sets it; another name is no host name. */
const FOLLOWERS = `
  SELECT application_name AS name FROM pg_stat_replication
  WHERE state = 'streaming' AND application_name ~ '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' AND replay_lsn IS NOT NULL
  ORDER BY replay_lsn DESC, application_name LIMIT 1`;

/** Host of a replica that streams. Undefined where the site names no members, and where none streams. */
export async function replicaHost(site: Site, settings: PostgresSettings): Promise<string | undefined> {
  if (settings.members === undefined || settings.tls === undefined) return undefined;
  const { rows } = await withClient(site, settings, (client) => client.query<{ name: string }>(FOLLOWERS));
  const [follower] = rows;
  if (follower === undefined) site.log.info({}, 'no replica follows: the files of the leader are copied');
  return follower && `${follower.name}.${settings.members}`;
}

/** Not the fault of the server whose files are copied. */
const OF_THE_REPOSITORY = /^(REPOSITORY|PASSPHRASE|ACCESS|S3)-/;

interface From {
  readonly settings: PostgresSettings;
  /** Called when a replica's files could not be copied, and the leader's are. */
  readonly onLeader: (detail: string) => void;
}

type Made = Awaited<ReturnType<typeof makeSet>> & {
  /** Host of the replica whose files it holds. */
  readonly from?: string;
};

/** A set of a replica's files; of the leader's where there is none, or its files could not be copied. Throws what `makeSet` throws. */
export async function makeSetFrom(
  site: Site,
  [pg, repository]: readonly [PgBackRest, Repository],
  request: SetRequest,
  { settings, onLeader }: From,
): Promise<Made> {
  const host = await replicaHost(site, settings);
  if (host === undefined) return makeSet(pg, repository, request);
  try {
    const made = await makeSet(pg, repository, { ...request, options: replicaOptions(settings, host) });
    return { ...made, from: host };
  } catch (error) {
    if (!(error instanceof DrError) || request.signal?.aborted === true || OF_THE_REPOSITORY.test(error.code))
      throw error;
    onLeader(`${host}: ${messageOf(error)}; the files of the leader are copied`);
    return makeSet(pg, repository, request);
  }
}
