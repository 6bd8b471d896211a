import { join } from 'node:path';
import { openPgBackRest, type PgBackRest } from '../../engines/pgbackrest/pgbackrest.ts';
import type { PostgresCapture } from '../../points/point.ts';
import type { RestorePlan } from '../restore-plan.ts';
import type { RestoreContext } from '../restore-step.ts';

type Source = Pick<RestoreContext, 'site' | 'source'> & { readonly plan?: RestorePlan };

/**
 * A restore has a folder of its own: planning another one meanwhile must not change the script that a server replays by, and WAL fetched
 * ahead for one lineage is never taken for another's.
 */
export function sourceFolder({ site, source, plan }: Source): string {
  return join(site.environment.stateDir, 'restore', plan?.id ?? 'plan', `pgbackrest-${source.id}`);
}

/** pgBackRest over exactly the one repository that the plan names. */
export async function openSource(context: Source, capture: PostgresCapture, rescuedWal?: string): Promise<PgBackRest> {
  const { site, source } = context;
  return openPgBackRest(site, {
    lineage: capture.lineage,
    repositories: [source],
    role: 'restorer',
    passphrase: capture.passphrase,
    folder: sourceFolder(context),
    ...(rescuedWal === undefined ? {} : { rescuedWal }),
  });
}
