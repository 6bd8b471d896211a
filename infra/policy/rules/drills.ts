/** The stack declares every automatic test of the plan, and runs it often enough. */
import { cronProblem } from '../../../plan/cron.ts';
import { longestInterval } from '../../../plan/declared/jobs.ts';
import { DAY_SECONDS, exactDuration } from '../../../plan/duration.ts';
import type { Plan } from '../../../plan/types.ts';
import { quoted } from '../resource.ts';
import type { Breach, PlanLine, Rule, Stack } from '../rule.ts';
import { type DrJob, drJobs, hasSite } from './job-facts.ts';
import { LINES } from './lines.ts';

type Test = Plan['tests'][number];

/** The longest month, quarter and year. */
const CADENCES: Readonly<Record<Test['cadence'], { readonly seconds: number; readonly breaks: PlanLine }>> = {
  monthly: { seconds: 31 * DAY_SECONDS, breaks: LINES.monthly },
  quarterly: { seconds: 92 * DAY_SECONDS, breaks: LINES.quarterly },
  annual: { seconds: 366 * DAY_SECONDS, breaks: LINES.annual },
};

function wrong({ id, title, cadence, run = '' }: Test, job: DrJob | undefined): string | undefined {
  if (job === undefined) return `test ${id} (${title}) runs nowhere, wanted a ${cadence} CronJob dr-${id}`;
  if (job.suspended) return `test ${id} (${title}) is suspended`;
  const command = ['dr', ...job.args].join(' ');
  if (!`${command} `.startsWith(`${run} `)) return `test ${id} runs \`${command}\`, wanted \`${run}\``;
  const problem = cronProblem(job.cron);
  if (problem !== undefined) return `test ${id}: ${problem}`;
  const interval = longestInterval(job.cron);
  return interval > CADENCES[cadence].seconds
    ? `test ${id} at ${quoted(job.cron)} runs every ${exactDuration(interval)} at worst, wanted ${cadence}`
    : undefined;
}

function check(stack: Stack): Breach[] {
  if (!hasSite(stack)) return [];
  const jobs = drJobs(stack.resources);
  return stack.plan.tests
    .filter(({ run }) => run !== undefined)
    .flatMap((test) => {
      const job = jobs.find(({ id }) => id === test.id);
      const found = wrong(test, job);
      return found === undefined ? [] : [{ resource: job?.resource, found, breaks: CADENCES[test.cadence].breaks }];
    });
}

export const drills: Rule = {
  id: 'drills',
  over: 'stack',
  holds: 'Every test of the plan that runs by itself is declared, as often as the plan says.',
  breaks: LINES.tests,
  check,
};
