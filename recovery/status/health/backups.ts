/** How new the copies are, and which repositories are readable. */
import type { Site } from '../../config/site.ts';
import { plural } from '../../report/format.ts';
import type { HealthCheck } from '../../workloads/workload.ts';
import { achievedObjectives, describeRpo } from '../objectives.ts';
import type { RepositoryFinding } from '../probes/repositories.ts';

export function checkRepositories(findings: readonly RepositoryFinding[]): HealthCheck[] {
  return findings.map(({ repository, reachable, tampered, doubtful = [], hidden, facts }) => {
    const hiddenFact =
      hidden === undefined ? [] : [`${plural(hidden.points.length, 'point')} hidden by delete markers`];
    const wrong = [...tampered, ...doubtful, ...hiddenFact];
    return {
      id: `repository/${repository}`,
      title: `Repository ${repository} can be read`,
      ok: reachable && wrong.length === 0,
      fact: [...wrong, ...facts].join('; '),
    };
  });
}

export async function checkCopies(site: Site, now: Date): Promise<HealthCheck[]> {
  const { rpo, notCopied } = await achievedObjectives(site, now);
  const ages = rpo.map((row) => ({
    id: `backup/${row.workload}`,
    title: `Newest copy of ${row.workload}`,
    ok: row.met,
    fact: `${describeRpo(row)}: ${row.basis}${row.repository === undefined ? '' : ` in ${row.repository}`}`,
  }));
  // Whether it is meant is not for `dr` to say.
  const beside = notCopied.map(({ workload, what }) => ({
    id: `not-copied/${workload}/${what.split(': ')[0]}`,
    title: `Not in the copy of ${workload}`,
    ok: undefined,
    fact: what,
  }));
  return [...ages, ...beside];
}
