/** The plan of a platform whose own volumes are copied, each by a pod beside its users: a workload of files for each. Pure. */
import { selectWorkloads } from '../select.ts';
import type { Plan, Schedule, TierId, Workload } from '../types.ts';

export interface CopiedVolume {
  /** Of the workload: one that the plan has, or a new one. */
  readonly id: string;
  /** `shop/media` */
  readonly claim: string;
  /** Of a new workload. */
  readonly tier: TierId;
}

/** A folder, and not objects of the cluster, which have another source. */
export const isFolder = ({ type, objects }: Pick<Workload, 'type' | 'objects'>): boolean =>
  type === 'files' && objects === undefined;

/** Whether it copies folders: all full runs, and the incremental ones that copy some today. */
function copiesFolders(plan: Plan, { kind, workloads }: Schedule): boolean {
  return kind === 'full' || (kind === 'incremental' && selectWorkloads(plan, workloads).some(isFolder));
}

/** A pod beside the platform reaches no volume of the recovery namespace. */
function reached(plan: Plan, ids: readonly string[]): string[] {
  return plan.repositories.filter(({ id, storage }) => ids.includes(id) && storage !== 'posix').map(({ id }) => id);
}

function workloadOf(plan: Plan, { id, claim, tier }: CopiedVolume): Workload {
  const known = plan.workloads.find((workload) => workload.id === id);
  if (known !== undefined) return { ...known, repositories: reached(plan, known.repositories) };
  return {
    id,
    type: 'files',
    group: 'application',
    title: `Volume ${claim}`,
    tier,
    dataClass: 'application-data',
    services: [],
    repositories: reached(
      plan,
      plan.repositories.map((repository) => repository.id),
    ),
    covers: [],
  };
}

/** Applied twice it changes nothing more. */
export function withVolumes(plan: Plan, volumes: readonly CopiedVolume[]): Plan {
  if (volumes.length === 0) return plan;
  const made = volumes.map((volume) => workloadOf(plan, volume));
  const added = made.filter(({ id }) => plan.workloads.every((workload) => workload.id !== id));
  const workloads = [...plan.workloads.map((each) => made.find(({ id }) => id === each.id) ?? each), ...added];
  const schedules = plan.schedules.map((schedule) => {
    if (!copiesFolders(plan, schedule)) return schedule;
    const covered = selectWorkloads({ workloads }, schedule.workloads).map(({ id }) => id);
    const lacking = made.map(({ id }) => id).filter((id) => !covered.includes(id));
    return lacking.length === 0 ? schedule : { ...schedule, workloads: [...schedule.workloads, ...lacking] };
  });
  return { ...plan, workloads, schedules };
}

/** The schedules by which a volume is copied. */
export function schedulesOf(plan: Pick<Plan, 'workloads' | 'schedules'>, id: string): Schedule[] {
  return plan.schedules.filter(
    ({ kind, workloads }) => kind !== 'config' && selectWorkloads(plan, workloads).some((each) => each.id === id),
  );
}
