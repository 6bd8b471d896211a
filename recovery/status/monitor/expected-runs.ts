/** Which run of each schedule should have written its point by now. A backup without its point has failed, whoever ran it. */
import { Cron } from 'croner';
import { isWeekly } from '../../../plan/cron.ts';
import { type Capture, timetable } from '../../../plan/timetable.ts';
import type { Plan } from '../../../plan/types.ts';

const WEEK = 7 * 86_400;
/** For clocks that differ a little, and for the start of a pod. */
const SLACK_SECONDS = 120;

/** The scheduled start of the last run that must be complete at `now`. Undefined when none is due yet. */
export type LastDue = (schedule: string, now: Date) => Date | undefined;

function byWeek(captures: readonly Capture[]): (now: number) => number | undefined {
  // The second week of the timetable: in the first one no earlier run could delay another.
  const first = Math.min(...captures.map(({ asOf }) => asOf));
  const start = first - (first % 86_400) + WEEK;
  const week = captures.filter(({ asOf }) => asOf >= start && asOf < start + WEEK);
  return (now) => {
    const sinceStart = now - start;
    const begin = start + Math.floor(sinceStart / WEEK) * WEEK;
    const shifted = week.flatMap(({ asOf, done }) =>
      [begin - WEEK, begin].map((to) => ({ asOf: asOf - start + to, done: done - start + to })),
    );
    const over = shifted.filter(({ done }) => done + SLACK_SECONDS <= now).map(({ asOf }) => asOf);
    return over.length === 0 ? undefined : Math.max(...over);
  };
}

function byCron(cron: string, captures: readonly Capture[]): (now: number) => number | undefined {
  const allowed = Math.max(...captures.map(({ asOf, done }) => done - asOf)) + SLACK_SECONDS;
  const runs = new Cron(cron, { timezone: 'UTC', mode: '5-part', paused: true });
  return (now) => {
    const [last] = runs.previousRuns(1, new Date((now - allowed) * 1000));
    return last === undefined ? undefined : last.getTime() / 1000;
  };
}

/** A run that the plan skips, because another covers it, is never due. Compute this once for each plan. */
export function lastDue(plan: Plan): LastDue {
  const captures = timetable(plan);
  const weekly = plan.schedules.every(({ cron }) => isWeekly(cron));
  const finders = new Map(
    plan.schedules.flatMap(({ id, cron }) => {
      const own = captures.filter(({ schedule }) => schedule === id);
      if (own.length === 0) return [];
      return [[id, weekly ? byWeek(own) : byCron(cron, own)] as const];
    }),
  );
  return (schedule, now) => {
    const found = finders.get(schedule)?.(now.getTime() / 1000);
    return found === undefined ? undefined : new Date(found * 1000);
  };
}
