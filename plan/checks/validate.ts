/** Checks of a plan whose fields are valid one by one. All findings are reported, in the order of the checks. */
import type { Plan } from '../types.ts';
import { checkConflicts } from './conflicts.ts';
import { checkCopies } from './copies.ts';
import type { Finding } from './finding.ts';
import { checkLocations } from './locations.ts';
import { checkNames } from './names.ts';
import { checkObjectives } from './objectives.ts';
import { checkObjects } from './objects.ts';
import { checkPeople } from './people.ts';
import { checkCrons, checkSchedules } from './schedules.ts';
import { checkSecurity } from './security.ts';

export type { Finding } from './finding.ts';

/**
 * Unknown and duplicate names, invalid cron expressions: every command refuses a plan with one of these. The other findings must not
 * keep anyone from restoring.
 */
export function checkMeaning(plan: Plan): Finding[] {
  return [...checkNames(plan), ...checkObjects(plan), ...checkCrons(plan)];
}

/** All checks, as `dr plan check` runs them. Without a finding of severity `error` the plan can meet its objectives. */
export function checkPlan(plan: Plan): Finding[] {
  const rest = [
    checkObjectives,
    checkCopies,
    checkLocations,
    checkSchedules,
    checkSecurity,
    checkPeople,
    checkConflicts,
  ];
  return [...checkMeaning(plan), ...rest.flatMap((check) => check(plan))];
}
