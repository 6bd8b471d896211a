/** The lineages that the repository server serves. Pure. */
import { lineageName } from '../../plan/layout.ts';
import { type ClusterRepository, writtenByEngines } from '../cluster/repository.ts';
import { fromRepository } from '../config/role.ts';
import type { Archive } from '../pgbackrest/config.ts';
import type { PostgresArgs } from './postgres.ts';

type ArchivesArgs = Pick<PostgresArgs, 'plan' | 'environment' | 'site' | 'generation' | 'origin' | 'namespaces'> & {
  readonly repositories: readonly ClusterRepository[];
};

/** The current lineage in all repositories, and its source lineage in that one repository. */
export function archivesOf(args: ArchivesArgs): Archive[] {
  const { plan, environment, origin, namespaces, repositories } = args;
  const lineage = lineageName(args.site, args.generation);
  const own = { environment, lineage, repositories: writtenByEngines(plan, repositories), namespaces };
  if (!fromRepository(origin)) return [own];
  const source = repositories.filter(({ id }) => id === origin.repository);
  return [own, { environment, lineage: origin.lineage, repositories: source, namespaces }];
}
