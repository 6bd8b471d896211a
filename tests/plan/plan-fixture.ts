/** The shipped plan with one thing changed. */
import { productionPlan } from '../../plan/production.ts';
import type { Plan } from '../../plan/types.ts';

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
