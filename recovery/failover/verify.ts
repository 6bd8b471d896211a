/** Checks a promoted site: it leads, takes writes and archives into its own lineage; and finds the last commit of the other site. */
import { DrError } from '../core/errors.ts';
import { poll } from '../core/poll.ts';
import type { JobState, SiteCluster } from '../kubernetes/site-cluster.ts';
import { whileWatching } from '../kubernetes/troubles/watch.ts';
import { formatLsn } from '../points/wal-segment.ts';
import type { Verification } from '../report/types.ts';
import { type Fork, forksOf, leaderOf, type Member } from '../workloads/postgres/members.ts';
import { type FailoverPorts, pollOptions } from './ports.ts';
import type { SiteStack } from './stack.ts';
import { waitsOf } from './waits.ts';

export interface Verified {
  readonly leader: Member;
  readonly checks: readonly Verification[];
  /** Where its history leaves the followed site's. */
  readonly fork: Fork | undefined;
  /** The first full backup of the new lineage. */
  readonly fullBackup: JobState;
}

/** The promotion's Job has ended by then; this covers a member that Patroni is restarting, which takes well under a minute. */
const LEADER_SECONDS = 120;

/** A fence makes sessions read-only by their default, which a message in the WAL passes by. */
async function takesWrites(
  cluster: SiteCluster,
  namespace: string,
  { pod }: Member,
): Promise<Pick<Verification, 'actual' | 'ok'>> {
  const [row = {}] = await cluster.sql(
    namespace,
    pod,
    `SELECT pg_logical_emit_message(true, 'dr', 'verified')::text AS lsn, pg_current_xact_id_if_assigned()::text AS xid,
       current_setting('default_transaction_read_only') AS refused`,
  );
  const ok = row.refused === 'off';
  return {
    actual: `committed at ${row.lsn}${ok ? '' : ', and sessions may not write: default_transaction_read_only'}`,
    ok,
  };
}

/** Throws `NO-LEADER` when no member takes writes. */
export async function verifyLeader(ports: FailoverPorts, stack: SiteStack): Promise<Verified> {
  const { platform, recovery } = stack.outputs.namespaces;
  await using cluster = await ports.openCluster(stack.cluster);
  const { answer: leader } = await whileWatching(waitsOf(ports, stack), () =>
    poll(
      pollOptions(ports, LEADER_SECONDS),
      () => leaderOf(cluster, platform),
      (found) => found !== undefined,
    ),
  );
  if (leader === undefined) {
    throw new DrError({
      code: 'NO-LEADER',
      where: `stack ${stack.name}`,
      fact: `no member of PostgreSQL in ${platform} takes writes`,
      hint: `kubectl -n ${platform} logs job/postgres-promotion-${stack.outputs.generation}`,
    });
  }
  const [archiver = {}] = await cluster.sql(
    platform,
    leader.pod,
    `SELECT current_setting('archive_command') AS command, current_setting('archive_mode') AS mode`,
  );
  const own = String(archiver.command).includes(stack.outputs.lineage);
  const checks: Verification[] = [
    {
      id: 'leader',
      title: 'the database leads',
      expected: 'pg_is_in_recovery() is false',
      actual: `${leader.pod} at ${leader.lsn === undefined ? '?' : formatLsn(leader.lsn)}, timeline ${leader.timeline}`,
      ok: true,
      evidence: 'SELECT pg_is_in_recovery()',
    },
    {
      id: 'writes',
      title: 'it takes writes',
      expected: 'a commit, and sessions may write',
      ...(await takesWrites(cluster, platform, leader)),
      evidence: 'pg_logical_emit_message in a transaction, default_transaction_read_only',
    },
    {
      id: 'lineage',
      title: 'it archives into its own lineage',
      expected: stack.outputs.lineage,
      actual: `archive_mode ${archiver.mode}, ${archiver.command}`,
      ok: own,
      evidence: 'archive_command',
    },
  ];
  const fork = (await forksOf(cluster, platform, leader)).at(-1);
  return { leader, checks, fork, fullBackup: await cluster.job(recovery, `dr-full-${stack.outputs.lineage}`) };
}
