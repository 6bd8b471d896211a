import { dataSourceOf } from '../../plan/data-source.ts';
import { didYouMean } from '../../plan/nearest.ts';
import { isExtension, type Plan, type Workload } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import type { Environment } from './environment.ts';

export function hooksOf(environment: Environment, workload: Workload): NonNullable<Environment['postgres']>['hooks'] {
  if (isExtension(workload.type)) return environment.extensions?.[workload.type]?.hooks;
  switch (workload.type) {
    case 'postgres':
      return environment.postgres?.hooks;
    case 'redis':
      return environment.redis?.hooks;
    case 'git':
      return environment.git?.hooks;
    default:
      return environment.folders[workload.id]?.hooks;
  }
}

/** True when the environment says where this workload's data is. */
export function isConfigured(environment: Environment, workload: Pick<Workload, 'id' | 'type' | 'objects'>): boolean {
  if (isExtension(workload.type)) return environment.extensions?.[workload.type] !== undefined;
  const source = dataSourceOf(workload);
  if (isExternal(environment, workload)) return true;
  if (workload.type === 'postgres-wal') return false;
  if (source !== 'folders') return environment[source] !== undefined;
  return (
    isFromCluster(environment, workload) ||
    environment.folders[workload.id] !== undefined ||
    isElsewhere(environment, workload)
  );
}

/** A pod beside the platform copies it, and fills it in a recovery: it is no folder of this host. */
export function isElsewhere({ volumes }: Environment, { id }: Pick<Workload, 'id'>): boolean {
  return volumes?.[id] !== undefined;
}

/** True when this host copies and restores it itself. */
export function isConfiguredHere(
  environment: Environment,
  workload: Pick<Workload, 'id' | 'type' | 'objects'>,
): boolean {
  return isConfigured(environment, workload) && !isElsewhere(environment, workload);
}

/** Its data is in a server that stays where it is. Of PostgreSQL that gives dumps, and received WAL where it is asked for. */
export function isExternal({ external }: Environment, { type }: Pick<Workload, 'type'>): boolean {
  if (type === 'postgres-dump') return external?.postgres !== undefined;
  if (type === 'postgres-wal') return external?.postgres?.wal !== undefined;
  return type === 'redis' && external?.redis !== undefined;
}

/** Objects of the cluster's API; where the environment names no cluster, the same workload is a folder. */
export function isFromCluster(environment: Environment, workload: Pick<Workload, 'objects'>): boolean {
  return environment.kubernetes !== undefined && workload.objects !== undefined;
}

/** Throws `WORKLOAD-UNKNOWN` (exit 2) with the nearest names; `where` is the option or argument that named them. */
export function namedWorkloads(plan: Plan, only: readonly string[], where = '--only'): Workload[] {
  const ids = plan.workloads.map((w) => w.id);
  const unknown = only.find((id) => !ids.includes(id));
  if (unknown !== undefined) {
    throw badInput({
      code: 'WORKLOAD-UNKNOWN',
      where,
      fact: `the plan has no workload "${unknown}".${didYouMean(unknown, ids)}`,
      hint: `workloads: ${ids.join(', ')}`,
    });
  }
  return plan.workloads.filter((w) => only.includes(w.id));
}
