/** How fresh the copies are, which repositories answer, and whether WAL waits on the server's disk. */
import { seconds } from '../../plan/duration.ts';
import type { RepositoryFinding } from '../assess/findings.ts';
import type { Site } from '../config/site.ts';
import { withClient } from '../engines/postgres/server.ts';
import { achievedObjectives, describeRpo } from '../objectives.ts';
import { plural } from '../report/format.ts';
import { wordsOf } from './stores.ts';
import type { HealthCheck } from './types.ts';

export function checkRepositories(findings: readonly RepositoryFinding[]): HealthCheck[] {
  return findings.map(({ repository, reachable, tampered, hidden, facts }) => {
    const hiddenFact =
      hidden === undefined ? [] : [`${plural(hidden.points.length, 'point')} hidden by delete markers`];
    const wrong = [...tampered, ...hiddenFact];
    return {
      id: `repository/${repository}`,
      title: `Repository ${repository} can be read`,
      ok: reachable && wrong.length === 0,
      fact: [...wrong, ...facts].join('; '),
    };
  });
}

export async function checkCopies(site: Site, now: Date): Promise<HealthCheck[]> {
  const { rpo } = await achievedObjectives(site, now);
  return rpo.map((row) => ({
    id: `backup/${row.workload}`,
    title: `Newest copy of ${row.workload}`,
    ok: row.met,
    fact: `${describeRpo(row)}: ${row.basis}${row.repository === undefined ? '' : ` in ${row.repository}`}`,
  }));
}

/** Segments that wait for a repository: they fill the primary's disk, and their data has one copy only. */
export async function checkWalBacklog(site: Site): Promise<HealthCheck[]> {
  const settings = site.environment.postgres;
  const continuous = site.plan.workloads.find((workload) => workload.continuous !== undefined)?.continuous;
  if (settings === undefined || continuous === undefined) return [];
  const check = { id: 'postgres/backlog', title: 'No WAL waits to be archived' };
  const sql = `
    SELECT count(*)::int AS waiting, coalesce(extract(epoch FROM now() - min(modification)), 0)::float8 AS age
    FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'`;
  try {
    const row = await withClient(site, settings, async (client) => {
      return (await client.query<{ waiting: number; age: number }>(sql)).rows[0];
    });
    const waiting = row?.waiting ?? 0;
    const limit = seconds(continuous.archiveTimeout) + seconds(continuous.pushDelay);
    const fact =
      waiting === 0 ? 'none waits' : `${plural(waiting, 'segment')}, the oldest for ${Math.round(row?.age ?? 0)} s`;
    return [{ ...check, ok: (row?.age ?? 0) <= limit, fact }];
  } catch (error) {
    return [{ ...check, ok: false, fact: wordsOf(error) }];
  }
}
