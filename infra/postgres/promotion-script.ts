/** The script of the promotion. It fails while the other site still commits, because two leaders would have diverging data. Pure. */
import { archiveSilenceSeconds as planSilence } from '../../plan/objectives.ts';
import type { Plan } from '../../plan/types.ts';
import { sessionSettings, startupOptions } from '../../recovery/public.ts';
import { PATHS } from '../cluster/paths.ts';

/** Seconds. Throws RangeError for a plan that ships no WAL. */
export function archiveSilence(plan: Pick<Plan, 'workloads'>): number {
  const quiet = planSilence(plan);
  if (quiet === undefined) throw new RangeError('the plan ships no WAL: nothing could be promoted');
  return quiet;
}

/** Network policies take effect for a new pod only some time after its start. */
const REACHED_SECONDS = 120;

/** A server behind a network that swallows packets must not hold a promotion for ever. */
const CONNECT_SECONDS = 10;
const ANSWER_SECONDS = 30;

const PINNED = startupOptions(sessionSettings({ lock_timeout: '5s', statement_timeout: '20s' }));

/** Tolerated difference between the clocks of the two sites. */
const SKEW_SECONDS = 30;

/**
 * Waits for archive silence, promotes, and waits until the server takes writes. Patroni promotes when `standby_cluster` is removed from its
 * configuration. The script reads the host from `POSTGRES`; after a promotion it does nothing.
 * @param end WAL position where the followed site is known to have ended: what has replayed that far waits for no silence
 * @param reached seconds within which the server must answer
 */
export function promotionScript(quiet: number, end?: string, reached = REACHED_SECONDS): string {
  const commit = 'SELECT COALESCE(EXTRACT(EPOCH FROM pg_last_xact_replay_timestamp())::bigint, 0)';
  return [
    'set -eu',
    `export PGCONNECT_TIMEOUT=${CONNECT_SECONDS} PGOPTIONS='${PINNED}'`,
    'sql() {',
    `  timeout ${ANSWER_SECONDS} psql --no-psqlrc --tuples-only --no-align --quiet --set ON_ERROR_STOP=1 \\`,
    `    --host "$POSTGRES" --username postgres --dbname postgres --command "$1"`,
    '}',
    'tried=$(date +%s)',
    `until sql 'SELECT 1' >/dev/null 2>/tmp/why; do`,
    `  if [ $(($(date +%s) - tried)) -ge ${reached} ]; then cat /tmp/why >&2; exit 1; fi`,
    '  sleep 1',
    'done',
    `if [ "$(sql 'SELECT pg_is_in_recovery()')" = f ]; then echo "$POSTGRES leads already"; exit 0; fi`,
    'begun=$(date +%s)',
    'since=$begun',
    'seen=none',
    // The standby replays all archived WAL first: a promotion must not lose data that has arrived.
    `while [ $(($(date +%s) - since)) -lt ${quiet} ]; do`,
    `  at=$(sql 'SELECT pg_last_wal_replay_lsn()')`,
    '  if [ "$at" != "$seen" ]; then seen=$at; since=$(date +%s); echo "replayed up to $at"; fi',
    `  if [ "$(sql '${commit}')" -gt $((begun + ${SKEW_SECONDS})) ]; then`,
    '    echo "the site that is followed has committed after this promotion began: it is alive" >&2',
    '    echo "hint: stop its database, or take its writer its rights; then run pulumi up again" >&2',
    '    exit 1',
    '  fi',
    ...(end === undefined
      ? []
      : [
          `  if [ "$(sql "SELECT pg_last_wal_replay_lsn() >= '${end}'::pg_lsn")" = t ]; then`,
          `    echo "all of the stopped site is replayed: it ended at ${end}"`,
          '    break',
          '  fi',
        ]),
    '  sleep 1',
    'done',
    `patronictl --config-file ${PATHS.patroni}/patroni.yml edit-config --force --set standby_cluster=null "$POSTGRES"`,
    `until [ "$(sql 'SELECT pg_is_in_recovery()' 2>/tmp/why)" = f ]; do`,
    '  cat /tmp/why >&2',
    '  sleep 2',
    'done',
    'echo "$POSTGRES leads and takes writes"',
  ].join('\n');
}
