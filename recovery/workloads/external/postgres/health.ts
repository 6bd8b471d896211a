/** Does the external server answer, and what does its way of protection keep of the objective. */
import { worstCaseRpo } from '../../../../plan/objectives.ts';
import type { Site } from '../../../config/site.ts';
import { type HealthCheck, wordsOf } from '../../workload.ts';
import { checkReceiver } from '../wal/health.ts';
import { addressOf, serverOf, versionOf, withServer } from './server.ts';

/** What dumps alone can lose, against what may be lost. Pure. */
function objective({ plan }: Pick<Site, 'plan'>): HealthCheck[] {
  const dump = plan.workloads.find(({ type }) => type === 'postgres-dump');
  const row = worstCaseRpo(plan).find(({ workload }) => workload === dump?.id);
  if (row === undefined || row.met) return [];
  return [
    {
      id: 'postgres/objective',
      title: 'Dumps of the external PostgreSQL keep the RPO',
      ok: undefined,
      fact: `they can't: ${row.arithmetic} (${row.tier})`,
    },
  ];
}

/** Empty where the environment file has no external PostgreSQL. */
export async function checkExternal(site: Site): Promise<HealthCheck[]> {
  if (site.environment.external?.postgres === undefined) return [];
  const server = serverOf(site.environment);
  const answer = { id: 'postgres/answers', title: `PostgreSQL at ${addressOf(server)} answers` };
  try {
    const version = await withServer(site, server, versionOf);
    return [{ ...answer, ok: true, fact: `PostgreSQL ${version}` }, ...objective(site), ...(await checkReceiver(site))];
  } catch (error) {
    return [{ ...answer, ok: false, fact: wordsOf(error) }];
  }
}
