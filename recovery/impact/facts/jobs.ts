/** What runs `dr`, when, and whether it is switched on. */
import { cronProblem, runs } from '../../../plan/cron.ts';
import type { DeclaredResource } from '../declared.ts';
import type { Area, Fact } from '../fact.ts';
import { cronJobSchema } from '../objects.ts';

/** More than two years, so that an annual run is seen twice. */
const WINDOW_DAYS = 800;

/** Seconds; Infinity for what runs once or never. */
function longestInterval(cron: string): number {
  if (cronProblem(cron) !== undefined) return Number.POSITIVE_INFINITY;
  const times = runs(cron, WINDOW_DAYS).map((ms) => ms / 1000);
  const gaps = times.slice(1).map((time, n) => time - (times[n] ?? time));
  return gaps.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...gaps);
}

interface DrJob {
  readonly name: string;
  readonly schedule: string;
  readonly suspend: boolean;
  readonly args: readonly string[];
}

function drJob({ type, inputs }: DeclaredResource): DrJob | undefined {
  const found = type === 'kubernetes:batch/v1:CronJob' ? cronJobSchema.safeParse(inputs).data : undefined;
  const container = found?.spec.jobTemplate.spec.template.spec.containers[0];
  if (found === undefined || container?.command[0] !== 'dr') return undefined;
  const { schedule, suspend } = found.spec;
  return { name: found.metadata.name, schedule, suspend, args: container.args };
}

/** Of the backups that run, by the plan's id of the schedule. What is no expression is left to the plan. */
export function cronsOf(resources: readonly DeclaredResource[]): ReadonlyMap<string, string> {
  const jobs = resources.flatMap((resource) => drJob(resource) ?? []);
  const running = jobs.filter(
    ({ suspend, args, schedule }) => !suspend && args[0] === 'backup' && !cronProblem(schedule),
  );
  return new Map(running.map(({ name, schedule }) => [name.replace(/^dr-/, ''), schedule]));
}

const PROVING = ['drill', 'health'];

export function jobFacts(resource: DeclaredResource): Fact[] {
  const job = drJob(resource);
  if (job === undefined) return [];
  const { name, schedule, suspend, args } = job;
  const area: Area = PROVING.includes(args[0] ?? '') ? 'drills' : 'schedules';
  const what = `CronJob ${name}`;
  return [
    {
      area,
      what,
      value: suspend ? `${schedule}, suspended` : schedule,
      // Asked only where the value differs: years of runs are counted for it.
      get worth() {
        return suspend ? Number.NEGATIVE_INFINITY : -longestInterval(schedule);
      },
    },
    { area, what: `command of ${what}`, value: ['dr', ...args].join(' ') },
  ];
}
