/** Which workloads a run copies. */
import { selectWorkloads } from '../../plan/select.ts';
import type { Plan, Workload } from '../../plan/types.ts';
import type { Environment } from '../config/environment.ts';
import { isConfigured, isConfiguredHere, isElsewhere, namedWorkloads } from '../config/selection.ts';
import { badInput } from '../core/errors.ts';
import type { PointKind } from '../points/point.ts';

/** The workloads that a kind of run covers: a full run all of the plan, the others what their schedules name. */
function coveredBy(plan: Plan, kind: PointKind): Workload[] {
  if (kind === 'full') return plan.workloads;
  const selectors = plan.schedules.filter((s) => s.kind === kind).flatMap((s) => s.workloads);
  return selectWorkloads(plan, selectors);
}

export interface Selection {
  readonly workloads: readonly Workload[];
  /** Covered by the plan, but the environment file does not say where they are. */
  readonly unconfigured: readonly string[];
  /** False for `--only`. */
  readonly complete: boolean;
}

/** Throws `WORKLOAD-ELSEWHERE` (exit 2). */
function refuseElsewhere({ volumes = {} }: Environment, named: readonly Workload[]): void {
  for (const { id } of named) {
    const volume = volumes[id];
    if (volume === undefined) continue;
    throw badInput({
      code: 'WORKLOAD-ELSEWHERE',
      where: '--only',
      fact: `"${id}" is the claim ${volume.claim} of ${volume.namespace}, which a pod in that namespace copies`,
      hint: `kubectl -n ${volume.namespace} get cronjobs; kubectl -n ${volume.namespace} create job --from=cronjob/NAME ${id}-now`,
    });
  }
}

/** Throws `WORKLOAD-UNKNOWN`, `WORKLOAD-UNCONFIGURED` or `WORKLOAD-ELSEWHERE` (exit 2). */
export function selectForBackup(
  plan: Plan,
  environment: Environment,
  kind: PointKind,
  only: readonly string[],
): Selection {
  const all = only.length === 0 ? coveredBy(plan, kind) : namedWorkloads(plan, only);
  refuseElsewhere(environment, only.length === 0 ? [] : all);
  const wanted = all.filter((w) => !isElsewhere(environment, w));
  const workloads = wanted.filter((w) => isConfiguredHere(environment, w));
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
