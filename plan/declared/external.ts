/** The plan of a platform whose PostgreSQL stays where it is: its dumps are the copy that the objectives rest on. Pure. */
import { selectWorkloads } from '../select.ts';
import type { Plan, Schedule, Workload } from '../types.ts';

/** How often an external PostgreSQL is dumped. */
export type Dumps = 'hourly' | 'daily';

/** What is copied of an external PostgreSQL. */
export interface ExternalCopies {
  readonly dumps: Dumps;
  /** Base backups and received WAL too. */
  readonly wal: boolean;
}

/** What is copied by default: beside received WAL a dump a day is enough. */
export function externalCopies(given: {
  readonly dumps?: ExternalCopies['dumps'] | undefined;
  readonly wal?: object | undefined;
}): ExternalCopies {
  const wal = given.wal !== undefined;
  return { dumps: given.dumps ?? (wal ? 'daily' : 'hourly'), wal };
}

/** Copies of a server's files and WAL, which an external one does not give. */
const OF_FILES: readonly Workload['type'][] = ['postgres', 'postgres-config'];

/** A dump that is the only copy of its server. */
export function isOnlyDump({ type, secondFormOf }: Pick<Workload, 'type' | 'secondFormOf'>): boolean {
  return type === 'postgres-dump' && secondFormOf === undefined;
}

const SHIPPED: Schedule = {
  id: 'received-wal',
  title: 'Received WAL every 15 minutes',
  cron: '*/15 * * * *',
  kind: 'incremental',
  workloads: ['postgres-wal'],
  longestRun: '10m',
  lock: 'received-wal',
  source: 'added',
};

/**
 * Without WAL the dump is no second form any more: the RPO of its tier is its own. With `hourly` each run that would have copied the
 * server's files takes the dump. With WAL, base backups and segments take the place of the server's files. Applied twice it changes
 * nothing more.
 */
export function withExternalPostgres(plan: Plan, { dumps, wal }: ExternalCopies): Plan {
  const dump = plan.workloads.find(({ type }) => type === 'postgres-dump');
  if (dump === undefined || (wal && plan.workloads.some(({ type }) => type === 'postgres-wal'))) return plan;
  const files = plan.workloads.filter(({ type }) => OF_FILES.includes(type));
  const services = [...new Set([...dump.services, ...files.flatMap((each) => each.services)])];
  const covers = [...new Set([...dump.covers, ...files.flatMap((each) => each.covers)])];
  const { secondFormOf: _, ...first } = { ...dump, services, covers };
  const received: Workload = {
    ...first,
    id: 'postgres-wal',
    type: 'postgres-wal',
    title: 'PostgreSQL: base backups and received WAL',
  };
  const instead = wal ? [received, { ...dump, secondFormOf: received.id }] : [first];
  const gone = new Set(files.map(({ id }) => id));
  const isDatabase = (id: string): boolean => files.some((each) => each.id === id && each.type === 'postgres');
  const schedules = plan.schedules.map((schedule) => {
    const selected = selectWorkloads(plan, schedule.workloads).map(({ id }) => id);
    if (!selected.some((id) => gone.has(id))) return schedule;
    const database = selected.some(isDatabase);
    const dumped = dumps === 'hourly' && database && !selected.includes(dump.id) ? [dump.id] : [];
    const shipped = wal && database ? [received.id] : [];
    return { ...schedule, workloads: [...shipped, ...dumped, ...selected.filter((id) => !gone.has(id))] };
  });
  return {
    ...plan,
    workloads: plan.workloads.flatMap((each) => (each.id === dump.id ? instead : gone.has(each.id) ? [] : [each])),
    // A run that took nothing but the server's configuration takes nothing now.
    schedules: [...schedules.filter(({ workloads }) => workloads.length > 0), ...(wal ? [SHIPPED] : [])],
  };
}
