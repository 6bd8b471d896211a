/** Facts about the CronJobs that run `dr`: when they run, and whether they are suspended. */
import { cronProblem } from '../../../plan/cron.ts';
import { CRON_JOB, type DrJob, drJobOf, longestInterval } from '../../../plan/declared/jobs.ts';
import type { DeclaredResource } from '../declared.ts';
import type { Area, Fact } from '../fact.ts';

function drJob({ type, inputs }: DeclaredResource): DrJob | undefined {
  return type === CRON_JOB ? drJobOf(inputs) : undefined;
}

/** The expressions of the backups that run, by the schedule's id. Where one is wrong, the plan's own counts. */
export function cronsOf(resources: readonly DeclaredResource[]): ReadonlyMap<string, string> {
  const jobs = resources.flatMap((resource) => drJob(resource) ?? []);
  const running = jobs.filter(({ suspended, args, cron }) => !suspended && args[0] === 'backup' && !cronProblem(cron));
  return new Map(running.map(({ name, cron }) => [name.replace(/^dr-/, ''), cron]));
}

const PROVING = ['drill', 'health'];

export function jobFacts(resource: DeclaredResource): Fact[] {
  const job = drJob(resource);
  if (job === undefined) return [];
  const { name, cron, suspended, args } = job;
  const area: Area = PROVING.includes(args[0] ?? '') ? 'drills' : 'schedules';
  const what = `CronJob ${name}`;
  return [
    {
      area,
      what,
      value: suspended ? `${cron}, suspended` : cron,
      // A getter, because it counts years of runs: it is read only where the value differs.
      get worth() {
        const never = suspended || cronProblem(cron) !== undefined;
        return never ? Number.NEGATIVE_INFINITY : -longestInterval(cron);
      },
    },
    { area, what: `command of ${what}`, value: ['dr', ...args].join(' ') },
  ];
}
