/** The plan of a platform whose PostgreSQL stays where it is: its dumps are the copy that the objectives rest on. Pure. */
import { selectWorkloads } from '../select.ts';
import type { Plan, Workload } from '../types.ts';

/** How often an external PostgreSQL is dumped. */
export type Dumps = 'hourly' | 'daily';

/** Copies of a server's files and WAL, which an external one does not give. */
const OF_FILES: readonly Workload['type'][] = ['postgres', 'postgres-config'];

/**
 * The dump is no second form any more: the RPO of its tier is its own. With `hourly` each run that would have copied the server's files
 * takes the dump. Applied twice it changes nothing more.
 */
export function withExternalPostgres(plan: Plan, dumps: Dumps): Plan {
  const dump = plan.workloads.find(({ type }) => type === 'postgres-dump');
  if (dump === undefined) return plan;
  const files = plan.workloads.filter(({ type }) => OF_FILES.includes(type));
  const services = [...new Set([...dump.services, ...files.flatMap((each) => each.services)])];
  const covers = [...new Set([...dump.covers, ...files.flatMap((each) => each.covers)])];
  const { secondFormOf: _, ...first } = { ...dump, services, covers };
  const gone = new Set(files.map(({ id }) => id));
  const isDatabase = (id: string): boolean => files.some((each) => each.id === id && each.type === 'postgres');
  const schedules = plan.schedules.map((schedule) => {
    const selected = selectWorkloads(plan, schedule.workloads).map(({ id }) => id);
    if (!selected.some((id) => gone.has(id))) return schedule;
    const dumped = dumps === 'hourly' && selected.some(isDatabase) && !selected.includes(dump.id) ? [dump.id] : [];
    return { ...schedule, workloads: [...dumped, ...selected.filter((id) => !gone.has(id))] };
  });
  return {
    ...plan,
    workloads: plan.workloads.flatMap((each) => (each.id === dump.id ? [first] : gone.has(each.id) ? [] : [each])),
    // A run that took nothing but the server's configuration takes nothing now.
    schedules: schedules.filter(({ workloads }) => workloads.length > 0),
  };
}
