/** Schedules: expressions that are some, and often enough for what they protect. */
import { cronProblem } from '../cron.ts';
import { seconds } from '../duration.ts';
import { worstCaseRpo } from '../objectives.ts';
import { selectWorkloads } from '../select.ts';
import type { Plan } from '../types.ts';
import { type Finding, fault } from './finding.ts';

const CRON_HINT = 'write minute, hour, day of month, month and day of week in UTC, e.g. "0 2 * * *"';

/** Without these the rest of the program can't know when to run. */
export function checkCrons(plan: Plan): Finding[] {
  const own = plan.schedules.map(({ cron }, n) => ({ cron, path: ['schedules', n, 'cron'] }));
  const exports = plan.repositories.flatMap(({ written }, n) =>
    written.by === 'export' ? [{ cron: written.cron, path: ['repositories', n, 'written', 'cron'] }] : [],
  );
  return [...own, ...exports].flatMap(({ cron, path }) => {
    const fact = cronProblem(cron);
    return fact === undefined ? [] : fault(plan, { code: 'CRON-INVALID', path, fact, hint: CRON_HINT });
  });
}

function runsOfNoTime(plan: Plan): Finding[] {
  return plan.schedules.flatMap(({ id, longestRun }, n) =>
    seconds(longestRun) > 0
      ? []
      : fault(plan, {
          code: 'RUN-ZERO',
          path: ['schedules', n, 'longestRun'],
          fact: `a run of "${id}" takes ${longestRun}`,
          hint: 'say how long a run may take, e.g. 15m',
        }),
  );
}

function unmetRpo(plan: Plan): Finding[] {
  // What a wrong cron covers has its finding already; without it the arithmetic would be of other schedules.
  const broken = plan.schedules.filter(({ cron }) => cronProblem(cron) !== undefined);
  const unsure = new Set(
    selectWorkloads(
      plan,
      broken.flatMap(({ workloads }) => workloads),
    ).map(({ id }) => id),
  );
  return worstCaseRpo(plan)
    .filter(({ workload, met }) => !met && !unsure.has(workload))
    .map((row) =>
      fault(plan, {
        code: 'RPO-UNMET',
        path: ['workloads', plan.workloads.findIndex(({ id }) => id === row.workload)],
        fact: `the schedules can't meet its RPO (${row.tier}, ${row.repository}): ${row.arithmetic}`,
        hint: 'run more often, shorten the run, or let it wait for no other (lock)',
      }),
    );
}

function uncoveredForms(plan: Plan): Finding[] {
  const covered = new Set(
    selectWorkloads(
      plan,
      plan.schedules.flatMap(({ workloads }) => workloads),
    ).map(({ id }) => id),
  );
  return plan.workloads.flatMap(({ id, secondFormOf }, n) =>
    secondFormOf === undefined || covered.has(id)
      ? []
      : fault(plan, {
          code: 'UNSCHEDULED',
          path: ['workloads', n],
          fact: `no schedule covers ${id}`,
          hint: 'add it to the workloads of a schedule',
        }),
  );
}

export function checkSchedules(plan: Plan): Finding[] {
  return [...runsOfNoTime(plan), ...unmetRpo(plan), ...uncoveredForms(plan)];
}
