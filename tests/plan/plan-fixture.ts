/** The shipped plan with one thing changed. */
import { expect } from 'vitest';
import { checkPlan } from '../../plan/checks/validate.ts';
import { productionPlan } from '../../plan/production.ts';
import type { Plan, PlanRepository, Schedule, Workload } from '../../plan/types.ts';

export function planWith(change: (plan: Plan) => void): Plan {
  // Through JSON, because the shipped plan shares what is equal, and a change in one place must stay there.
  const plan = JSON.parse(JSON.stringify(productionPlan)) as Plan;
  change(plan);
  return plan;
}

/** The element with this id; a test that names a wrong one fails. */
export function byId<T extends { id: string }>(list: readonly T[], id: string): T {
  const found = list.find((item) => item.id === id);
  if (found === undefined) throw new Error(`no "${id}" among ${list.map((item) => item.id).join(', ')}`);
  return found;
}

export const workload = (plan: Plan, id: string): Workload => byId(plan.workloads, id);
export const repository = (plan: Plan, id: string): PlanRepository => byId(plan.repositories, id);
export const schedule = (plan: Plan, id: string): Schedule => byId(plan.schedules, id);

export type Fault = [
  name: string,
  change: (plan: Plan) => void,
  code: string,
  where: string,
  /** Part of the fact, with the value in quotes. */
  fact: string,
  /** Part of the hint. */
  hint: string,
];

/** The change makes one error, and nothing else. */
export function findsOnly(...[, change, code, where, fact, hint]: Fault): void {
  const findings = checkPlan(planWith(change));
  expect(findings).toMatchObject([{ severity: 'error', code, where }]);
  expect(findings[0]?.fact).toContain(fact);
  expect(findings[0]?.hint).toContain(hint);
}
