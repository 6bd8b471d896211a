/** The findings of a plan whose PostgreSQL stays where it is. */
import { type Dumps, withExternalPostgres } from '../declared/external.ts';
import type { Plan } from '../types.ts';
import type { Finding } from './finding.ts';
import { checkPlan } from './validate.ts';

export { withExternalPostgres };

/** What dumps can't keep is said with its number, and keeps nobody from having them. Pure. */
export function checkExternalPlan(base: Plan, dumps: Dumps): Finding[] {
  const plan = withExternalPostgres(base, dumps);
  const dump = plan.workloads.findIndex(({ type }) => type === 'postgres-dump');
  return checkPlan(plan).map((finding) => {
    const isOfDump = finding.code === 'RPO-UNMET' && finding.path[0] === 'workloads' && finding.path[1] === dump;
    if (!isOfDump) return finding;
    const more = dumps === 'daily' ? 'dump it hourly (dumps: hourly), or ' : '';
    const hint = `dumps of an external PostgreSQL are all that protects it: ${more}let this program run the server, whose WAL it then ships`;
    return { ...finding, severity: 'warning' as const, hint };
  });
}
