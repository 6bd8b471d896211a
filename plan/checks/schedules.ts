/** Schedules: their cron expressions are valid, and they run often enough for the RPOs of what they protect. */
import { cronProblem } from '../cron.ts';
import { seconds } from '../duration.ts';
import { worstCaseRpo } from '../objectives.ts';
import { selectWorkloads } from '../select.ts';
import type { Plan } from '../types.ts';
import { type Finding, fault } from './finding.ts';

const CRON_HINT = 'write minute, hour, day of month, month and day of week in UTC, e.g. "0 2 * * *"';

/** A plan with one of these findings has no defined times, so no command accepts it. */
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

function zeroLengthRuns(plan: Plan): Finding[] {
  return plan.schedules.flatMap(({ id, longestRun }, n) =>
    seconds(longestRun) > 0
      ? []
      : fault(plan, {
          code: 'RUN-ZERO',
          path: ['schedules', n, 'longestRun'],
          fact: `longestRun of "${id}" is ${longestRun}`,
          hint: 'write how long a run may take, e.g. 15m',
        }),
  );
}

function unmetRpo(plan: Plan): Finding[] {
  // A wrong cron has its own finding. The arithmetic without that schedule would say nothing about the workloads that it covers.
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
        hint: 'run more often, shorten the run, or give it a lock of its own',
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
  return [...zeroLengthRuns(plan), ...unmetRpo(plan), ...uncoveredForms(plan)];
}
