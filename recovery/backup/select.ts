/** Which workloads a run is about. */
import { didYouMean } from '../../plan/nearest.ts';
import { selectWorkloads } from '../../plan/select.ts';
import type { Plan, Workload } from '../../plan/types.ts';
import type { Environment } from '../environment.ts';
import { badInput } from '../errors.ts';
import type { PointKind } from '../point.ts';

/** True when the environment says where this workload's data is. */
export function isConfigured(environment: Environment, workload: Workload): boolean {
  switch (workload.type) {
    case 'postgres':
    case 'postgres-dump':
    case 'postgres-config':
      return environment.postgres !== undefined;
    case 'redis':
      return environment.redis !== undefined;
    case 'git':
      return environment.git !== undefined;
    default:
      return isFromCluster(environment, workload) || environment.folders[workload.id] !== undefined;
  }
}

/** Objects of the cluster's API; where the environment names no cluster, the same workload is a folder. */
export function isFromCluster(environment: Environment, workload: Pick<Workload, 'objects'>): boolean {
  return environment.kubernetes !== undefined && workload.objects !== undefined;
}

/** All that a kind of run covers by the plan: a full run everything, the others what their schedules name. */
function coveredBy(plan: Plan, kind: PointKind): Workload[] {
  if (kind === 'full') return plan.workloads;
  const selectors = plan.schedules.filter((s) => s.kind === kind).flatMap((s) => s.workloads);
  return selectWorkloads(plan, selectors);
}

export interface Selection {
  readonly workloads: readonly Workload[];
  /** Covered by the plan, and the environment does not say where they are. */
  readonly unconfigured: readonly string[];
  /** False for `--only`. */
  readonly complete: boolean;
}

/** Throws `WORKLOAD-UNKNOWN` or `WORKLOAD-UNCONFIGURED` (exit 2). */
export function selectForBackup(
  plan: Plan,
  environment: Environment,
  kind: PointKind,
  only: readonly string[],
): Selection {
  const wanted = only.length === 0 ? coveredBy(plan, kind) : namedWorkloads(plan, only);
  const workloads = wanted.filter((w) => isConfigured(environment, w));
  const unconfigured = wanted.filter((w) => !isConfigured(environment, w)).map((w) => w.id);
  if (workloads.length === 0 || (only.length > 0 && unconfigured.length > 0)) {
    throw badInput({
      code: 'WORKLOAD-UNCONFIGURED',
      where: only.length > 0 ? '--only' : 'environment file',
      fact: `it does not say where the data of ${unconfigured.map((id) => `"${id}"`).join(', ')} is`,
      hint: 'add postgres, redis, git, kubernetes or folders.<workload> to it, or leave the workload out',
    });
  }
  return { workloads, unconfigured, complete: only.length === 0 };
}

/** The workloads of `--only`. Throws `WORKLOAD-UNKNOWN` (exit 2) with the nearest names. */
export function namedWorkloads(plan: Plan, only: readonly string[]): Workload[] {
  const ids = plan.workloads.map((w) => w.id);
  const unknown = only.find((id) => !ids.includes(id));
  if (unknown !== undefined) {
    throw badInput({
      code: 'WORKLOAD-UNKNOWN',
      where: '--only',
      fact: `the plan has no workload "${unknown}".${didYouMean(unknown, ids)}`,
      hint: `workloads: ${ids.join(', ')}`,
    });
  }
  return plan.workloads.filter((w) => only.includes(w.id));
}
