/** The plan's schedules run, and the declared ones meet every RPO. */
import { cronProblem } from '../../../plan/cron.ts';
import { worstCaseRpo } from '../../../plan/objectives.ts';
import type { DataClass, Schedule } from '../../../plan/types.ts';
import { quoted } from '../resource.ts';
import type { Breach, PlanLine, Rule, Stack } from '../rule.ts';
import { type DrJob, drJobs, follows, hasSite } from './job-facts.ts';
import { LINES } from './lines.ts';

const BY_CLASS: Readonly<Record<DataClass, PlanLine>> = {
  database: LINES.database,
  'application-data': LINES.applicationData,
  configuration: LINES.configuration,
};

const BY_KIND: Readonly<Record<Schedule['kind'], PlanLine>> = {
  full: LINES.daily,
  incremental: LINES.hourly,
  config: LINES.weekly,
};

function missing({ id, cron, kind }: Schedule, job: DrJob | undefined): Breach[] {
  const breaks = BY_KIND[kind];
  const wanted = `wanted a CronJob dr-${id} at "${cron}"`;
  if (job === undefined) return [{ found: `schedule ${id} runs nowhere, ${wanted}`, breaks }];
  const { resource } = job;
  if (job.suspended)
    return [{ resource, found: `schedule ${id} is suspended, and this is not a standby: ${wanted}`, breaks }];
  const problem = cronProblem(job.cron);
  if (problem !== undefined) return [{ resource, found: `schedule ${id}: ${problem}, ${wanted}`, breaks }];
  if (job.args[0] !== 'backup') {
    return [
      { resource, found: `schedule ${id} runs \`dr ${job.args.join(' ')}\`, ${wanted} of \`dr backup\``, breaks },
    ];
  }
  return [];
}

/** The schedule with the times of its CronJob and the workloads of its `--only`. */
function declared(schedule: Schedule, { cron, args }: DrJob): Schedule {
  const only = args.indexOf('--only');
  const workloads = only < 0 ? schedule.workloads : (args[only + 1] ?? '').split(',');
  return { ...schedule, cron, workloads };
}

function missedObjectives(stack: Stack, schedules: readonly Schedule[]): Breach[] {
  const { plan } = stack;
  const crons = schedules.map(({ id, cron }) => `${id} ${quoted(cron)}`).join(', ');
  return worstCaseRpo({ ...plan, schedules: [...schedules] })
    .filter(({ met }) => !met)
    .map(({ workload, repository, arithmetic }) => {
      const dataClass = plan.workloads.find(({ id }) => id === workload)?.dataClass ?? 'configuration';
      const found = `${workload} in ${repository} misses its RPO with ${crons || 'no schedule'}: ${arithmetic}`;
      return { found, breaks: BY_CLASS[dataClass] };
    });
}

function check(stack: Stack): Breach[] {
  if (!hasSite(stack)) return [];
  const jobs = drJobs(stack.resources);
  const pairs = stack.plan.schedules.map((schedule) => ({ schedule, job: jobs.find(({ id }) => id === schedule.id) }));
  const allSuspended = pairs.every(({ job }) => job?.suspended === true);
  if (allSuspended && follows(stack)) return [];
  const broken = pairs.flatMap(({ schedule, job }) => missing(schedule, job));
  const running = pairs.flatMap(({ schedule, job }) =>
    job !== undefined && missing(schedule, job).length === 0 ? [declared(schedule, job)] : [],
  );
  return [...broken, ...missedObjectives(stack, running)];
}

export const schedules: Rule = {
  id: 'schedules',
  over: 'stack',
  holds: 'Every schedule of the plan runs, and no workload misses its RPO by them.',
  breaks: LINES.objectives,
  check,
};
