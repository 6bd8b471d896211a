/** All that can be wrong with a plan whose fields are right by themselves. Every problem at once, in the order of the checks. */
import type { Plan } from '../types.ts';
import { checkCopies } from './copies.ts';
import type { Finding } from './finding.ts';
import { checkNames } from './names.ts';
import { checkObjectives } from './objectives.ts';
import { checkObjects } from './objects.ts';
import { checkPlaces } from './places.ts';
import { checkCrons, checkSchedules } from './schedules.ts';
import { checkSecurity } from './security.ts';
import { checkTensions } from './tensions.ts';

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
