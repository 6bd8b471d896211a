/** The findings of a plan whose PostgreSQL stays where it is. */
import { type ExternalCopies, withExternalPostgres } from '../declared/external.ts';
import type { Plan } from '../types.ts';
import type { Finding } from './finding.ts';
import { checkPlan } from './validate.ts';

export { withExternalPostgres };

/** What dumps can't keep is said with its number, and keeps nobody from having them. Pure. */
export function checkExternalPlan(base: Plan, copies: ExternalCopies): Finding[] {
  const plan = withExternalPostgres(base, copies);
  const first = plan.workloads.findIndex(({ type }) => type === (copies.wal ? 'postgres-wal' : 'postgres-dump'));
  return checkPlan(plan).map((finding) => {
    const isOfServer = finding.code === 'RPO-UNMET' && finding.path[0] === 'workloads' && finding.path[1] === first;
    if (!isOfServer) return finding;
    if (copies.wal) return { ...finding, severity: 'warning' as const };
    const more = copies.dumps === 'daily' ? 'dump it hourly (dumps: hourly), or ' : '';
    const hint = `dumps of an external PostgreSQL are all that protects it: ${more}receive its WAL (external.postgres.wal), or let this program run the server`;
    return { ...finding, severity: 'warning' as const, hint };
  });
}
