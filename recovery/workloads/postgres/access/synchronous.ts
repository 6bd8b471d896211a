/** Will commits wait for standbys that are not there: after a restore the standbys of the source are gone, and its setting came along. */
import type pg from 'pg';
import type { HealthCheck } from '../../workload.ts';

interface Replication {
  readonly names: string;
  readonly level: string;
  /** Standbys that are connected and count. */
  readonly following: number;
}

const QUESTION = `
  SELECT current_setting('synchronous_standby_names') AS names,
    (SELECT coalesce(reset_val, setting) FROM pg_settings WHERE name = 'synchronous_commit') AS level,
    (SELECT count(*)::int FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming') AS following`;

/** Pure. Standbys that a commit waits for, by `FIRST 2 (a, b)`, `ANY 1 (*)`, `2 (a, b)` or `a, b`; 0 where it waits for none. */
function standbysWanted(names: string): number {
  if (names.trim() === '') return 0;
  const count = /^\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\(/i.exec(names)?.[1];
  return count === undefined ? 1 : Number(count);
}

/** Pure. Empty where nobody asks for synchronous standbys. */
function judgeSynchronous({ names, level, following }: Replication): HealthCheck[] {
  const wanted = standbysWanted(names);
  if (wanted === 0) return [];
  const check = { id: 'postgres/synchronous', title: 'Commits do not wait for a missing standby' };
  const waits = !['off', 'local'].includes(level);
  const fact = `synchronous_standby_names is '${names}': ${following} of ${wanted} follow`;
  if (!waits) return [{ ...check, ok: true, fact: `${fact}; synchronous_commit is ${level}, so no commit waits` }];
  if (following >= wanted) return [{ ...check, ok: true, fact }];
  const remedy = "ALTER SYSTEM SET synchronous_standby_names = ''; SELECT pg_reload_conf()";
  return [{ ...check, ok: false, fact: `${fact}, so every commit waits until one does. Without standbys: ${remedy}` }];
}

export async function checkSynchronous(client: pg.Client): Promise<HealthCheck[]> {
  const [state] = (await client.query<Replication>(QUESTION)).rows;
  return state === undefined ? [] : judgeSynchronous(state);
}
