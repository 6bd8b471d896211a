/** Every scheduled job of the plan, with its command. All times and durations come from the plan. Pure. */
import { runs } from '../../plan/cron.ts';
import { type DataSource, dataSourceOf } from '../../plan/data-source.ts';
import { DAY_SECONDS, HOUR_SECONDS, seconds } from '../../plan/duration.ts';
import { runDeadline } from '../../plan/limits.ts';
import { selectWorkloads } from '../../plan/select.ts';
import type { Plan, Schedule, Workload } from '../../plan/types.ts';
import type { DrAccount } from '../cluster/accounts.ts';
import type { EgressTarget } from '../cluster/labels.ts';
import { PATHS } from '../cluster/paths.ts';
import type { KeyMaterial } from './dr-pod.ts';
import { onDay, shift, weeklyAfter } from './shift.ts';

/** The purpose of a job decides its profile. */
export type Purpose = 'backup' | 'load' | 'verify' | 'prune' | 'offsite' | 'objectives' | 'health' | 'drill';

export interface ScheduledJob {
  /** Id of the plan's schedule or test, or the name of the command. The CronJob is `dr-<id>`. */
  readonly id: string;
  readonly title: string;
  readonly purpose: Purpose;
  readonly cron: string;
  /** What follows `dr`. */
  readonly args: readonly string[];
  /** A run is ended after this. */
  readonly deadlineSeconds: number;
  /** A run that could not start in time may start this much later, and is skipped after that. */
  readonly startWithinSeconds: number;
}

/** The identity, keys and egress targets of a job. */
export interface JobProfile {
  readonly account: DrAccount;
  readonly material: readonly KeyMaterial[];
  readonly egress: readonly EgressTarget[];
  /** Its access to the local repository. */
  readonly local: 'writes' | 'reads' | 'none';
}

const STORES: readonly EgressTarget[] = ['dns', 'object-storage', 'postgres', 'redis'];

export const JOB_PROFILES: Readonly<Record<Purpose, JobProfile>> = {
  backup: {
    account: 'dr-writer',
    material: ['keys', 'stores', 'tls', 'writer'],
    egress: [...STORES, 'pgbackrest', 'kubernetes-api'],
    local: 'writes',
  },
  // It reads one repository, and writes into the stores.
  load: {
    account: 'dr-restorer',
    material: ['keys', 'stores', 'restorer'],
    egress: STORES,
    local: 'reads',
  },
  // It marks verified points, so it writes to the local repository too.
  verify: {
    account: 'dr-restorer',
    material: ['keys', 'restorer'],
    egress: ['dns', 'object-storage'],
    local: 'writes',
  },
  prune: {
    account: 'dr-pruner',
    material: ['keys', 'writer', 'restorer'],
    egress: ['dns', 'object-storage'],
    local: 'writes',
  },
  offsite: {
    account: 'dr-writer',
    material: ['keys', 'writer', 'restorer'],
    egress: ['dns', 'object-storage'],
    local: 'reads',
  },
  objectives: {
    account: 'dr-auditor',
    material: ['keys', 'stores', 'restorer'],
    egress: STORES,
    local: 'reads',
  },
  health: {
    account: 'dr-auditor',
    material: ['keys', 'stores', 'restorer'],
    egress: [...STORES, 'kubernetes-api'],
    local: 'reads',
  },
  // A throwaway platform in one pod: it needs no key and no egress target, DNS included.
  drill: { account: 'dr-drill', material: [], egress: [], local: 'none' },
};

/** Kubernetes gives up a CronJob after 100 missed starts in this span, so it must not be too long for a frequent schedule. */
const LONGEST_START_DELAY = 4 * HOUR_SECONDS;

/** Half of the shortest time between two runs: a late run is worth starting until the next one is near. */
export function startWithin(cron: string): number {
  const starts = runs(cron, 800);
  const gaps = starts.slice(1).map((at, i) => (at - (starts[i] as number)) / 1000);
  return Math.min(LONGEST_START_DELAY, Math.floor(Math.min(DAY_SECONDS, ...gaps) / 2));
}

/** Every pod's `dr.yaml` has PostgreSQL and Redis. */
const IN_EVERY_POD: readonly DataSource[] = ['postgres', 'redis'];

/**
 * With `--only` where the schedule covers less than the plan's schedules of its kind together. It names only workloads whose data the pod
 * has, because `dr` refuses the others.
 * @param folders ids of workloads that pods have as folders, or that they mirror
 */
export function backupArguments(
  plan: Pick<Plan, 'workloads' | 'schedules'>,
  schedule: Schedule,
  folders: readonly string[],
): string[] {
  const own = selectWorkloads(plan, schedule.workloads);
  const ofKind = plan.schedules.filter(({ kind }) => kind === schedule.kind).flatMap(({ workloads }) => workloads);
  const all = schedule.kind === 'full' ? plan.workloads : selectWorkloads(plan, ofKind);
  const isInPod = (workload: Workload): boolean =>
    IN_EVERY_POD.includes(dataSourceOf(workload)) || workload.objects !== undefined || folders.includes(workload.id);
  const named = own.filter(isInPod).map(({ id }) => id);
  const only = own.length === all.length || named.length === 0 ? [] : ['--only', named.join(',')];
  return ['backup', '--kind', schedule.kind, ...only];
}

/** Whether the schedule copies objects of the cluster. */
export function copiesObjects(plan: Pick<Plan, 'workloads'>, schedule: Schedule): boolean {
  return selectWorkloads(plan, schedule.workloads).some(({ objects }) => objects !== undefined);
}

export function withoutObjects(plan: Pick<Plan, 'workloads'>, schedule: Schedule): Schedule {
  const rest = selectWorkloads(plan, schedule.workloads).filter(({ objects }) => objects === undefined);
  return { ...schedule, workloads: rest.map(({ id }) => id) };
}

/** The schedule of the full backup, which checks and drills follow. Throws RangeError where the plan has none. */
function fullSchedule(plan: Plan): Schedule {
  const found = plan.schedules.find(({ kind }) => kind === 'full');
  if (found === undefined) throw new RangeError('the plan has no full backup');
  return found;
}

type Timed = Omit<ScheduledJob, 'startWithinSeconds'>;

/** Saturday: people are there on the next day but one, and the off-site export and the snapshot of the configuration have Sunday. */
const TRIAL_DAY = 6;

/** After the full backup comes its verification, then pruning, each when the previous one has ended. */
function upkeep(plan: Plan): Timed[] {
  const full = fullSchedule(plan);
  const turn = Math.ceil(seconds(full.longestRun) / 60);
  const deadlineSeconds = 2 * seconds(full.longestRun);
  const frequent = [...plan.schedules].sort((a, b) => startWithin(a.cron) - startWithin(b.cron))[0] ?? full;
  const direct = plan.repositories.filter(({ written }) => written.by === 'engines').length;
  const afterFrequent = Math.ceil(seconds(frequent.longestRun) / 60);
  return [
    {
      id: 'verify',
      title: 'Verification of the newest copies',
      purpose: 'verify',
      cron: shift(full.cron, turn),
      args: ['verify', '--scheduled'],
      deadlineSeconds,
    },
    {
      id: 'verify-deep',
      title: 'Trial restore of the newest copies, in turns',
      purpose: 'verify',
      cron: weeklyAfter(full.cron, 3 * turn, TRIAL_DAY),
      args: ['verify', '--deep', '--scheduled'],
      // Each repository is restored from after the other; nobody waits for a restore that misses the RTO.
      deadlineSeconds: Math.min(DAY_SECONDS, direct * seconds(plan.objectives.rto.full)),
    },
    {
      id: 'prune',
      title: 'Removal of what is older than its retention',
      purpose: 'prune',
      cron: shift(full.cron, 2 * turn),
      args: ['prune', '--confirm', plan.environment],
      deadlineSeconds,
    },
    {
      id: 'objectives',
      title: 'Objectives against what is so',
      purpose: 'objectives',
      cron: shift(frequent.cron, afterFrequent),
      args: ['objectives'],
      deadlineSeconds: seconds(frequent.longestRun),
    },
  ];
}

function exports(plan: Plan, reachable: readonly string[]): Timed[] {
  return plan.repositories.flatMap(({ id, title, written }) =>
    written.by === 'export' && reachable.includes(id)
      ? [
          {
            id,
            title,
            purpose: 'offsite' as const,
            cron: written.cron,
            args: ['offsite', 'export'],
            deadlineSeconds: seconds(written.longestRun),
          },
        ]
      : [],
  );
}

const MONTHS = { monthly: '*', quarterly: '1,4,7,10', annual: '1' } as const;

/** Each test has a day of its own, after that day's full backup and its verification. */
function drills(plan: Plan): Timed[] {
  const full = fullSchedule(plan);
  const cron = shift(full.cron, 2 * Math.ceil(seconds(full.longestRun) / 60));
  // A drill that takes longer than the RTO of the full platform has missed it.
  const longest = seconds(plan.objectives.rto.full);
  return plan.tests
    .filter(({ run }) => run !== undefined)
    .map(({ id, title, cadence, run = '' }, i) => {
      const args = run.split(/\s+/).slice(1);
      const isDrill = args[0] === 'drill';
      const own = ['--folder', `${PATHS.scratch}/drill`, '--report', `${PATHS.scratch}/report`];
      return {
        id,
        title,
        purpose: isDrill ? ('drill' as const) : ('health' as const),
        cron: onDay(cron, i + 1, MONTHS[cadence]),
        args: isDrill ? [...args, ...own, '--output', 'json'] : args,
        deadlineSeconds: isDrill ? longest * (args.includes('all') ? plan.scenarios.length : 1) : seconds('15m'),
      };
    });
}

/**
 * @param reachable ids of the repositories that a pod can write to.
 * @param folders ids of workloads that pods have as folders
 */
export function scheduledJobs(plan: Plan, reachable: readonly string[], folders: readonly string[]): ScheduledJob[] {
  const backups = plan.schedules.map(
    (schedule): Timed => ({
      id: schedule.id,
      title: schedule.title,
      purpose: 'backup',
      cron: schedule.cron,
      args: backupArguments(plan, schedule, folders),
      deadlineSeconds: runDeadline(plan, schedule),
    }),
  );
  return [...backups, ...upkeep(plan), ...exports(plan, reachable), ...drills(plan)].map((job) => ({
    ...job,
    startWithinSeconds: startWithin(job.cron),
  }));
}
