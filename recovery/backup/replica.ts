/** Whose files a backup copies: a replica's where one follows, so that the leader serves its clients. */
import type { PostgresSettings } from '../config/environment.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import type { PgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import { replicaOptions } from '../engines/pgbackrest/replica.ts';
import { makeSet, type SetRequest } from '../engines/pgbackrest/sets.ts';
import { withClient } from '../workloads/postgres/server.ts';

/** The replica that has replayed the most. Patroni gives it the name of its pod; another name is no host name. */
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

type Made = Awaited<ReturnType<typeof makeSet>> & {
  /** Host of the replica whose files it holds. */
  readonly from?: string;
};

/**
 * A set of the files of `host`, a replica; of the leader's without one, or where they could not be copied.
 * @param onLeader called when the leader's are copied because a replica's could not be
 * Throws what `makeSet` throws.
 */
export async function makeSetFrom(
  host: string | undefined,
  [pg, repository, settings]: readonly [PgBackRest, Repository, PostgresSettings],
  request: SetRequest,
  onLeader: (why: string) => void,
): Promise<Made> {
  if (host === undefined) return makeSet(pg, repository, request);
  try {
    const made = await makeSet(pg, repository, { ...request, options: replicaOptions(settings, host) });
    return { ...made, from: host };
  } catch (error) {
    const isItsFault = error instanceof DrError && !OF_THE_REPOSITORY.test(error.code);
    if (!isItsFault || request.signal?.aborted === true) throw error;
    onLeader(`${host}: ${error.message}; the files of the leader are copied`);
    return makeSet(pg, repository, request);
  }
}
