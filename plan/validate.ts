/** All that can be wrong with a plan whose fields are right by themselves. Every problem at once, in the order of the checks. */
import { checkCopies } from './checks/copies.ts';
import { checkNames } from './checks/names.ts';
import { checkObjectives } from './checks/objectives.ts';
import { checkObjects } from './checks/objects.ts';
import { checkPlaces } from './checks/places.ts';
import { checkCrons, checkSchedules } from './checks/schedules.ts';
import { checkSecurity } from './checks/security.ts';
import { checkTensions } from './checks/tensions.ts';
import type { Finding } from './finding.ts';
import type { Plan } from './types.ts';

export type { Finding } from './finding.ts';

/**
 * What nobody can work with: unknown and doubled names, expressions that are none. A plan with these is refused wherever it
 * is read. The other findings must not keep anyone from restoring.
 */
export function checkMeaning(plan: Plan): Finding[] {
  return [...checkNames(plan), ...checkObjects(plan), ...checkCrons(plan)];
}

/** The whole of it, as `dr plan check` shows it. No finding with severity `error`: the plan can keep its promises. */
export function checkPlan(plan: Plan): Finding[] {
  const rest = [checkObjectives, checkCopies, checkPlaces, checkSchedules, checkSecurity, checkTensions];
  return [...checkMeaning(plan), ...rest.flatMap((check) => check(plan))];
}
