/** Services by tier: they stop from the last tier to the first, and start from the first to the last. Pure. */
import { lastTier, matchService } from '../../plan/service-match.ts';
import type { Plan, TierId } from '../../plan/types.ts';
import type { Scalable } from '../kubernetes/site-cluster.ts';

type Named = Pick<Scalable, 'namespace' | 'name'>;

export const nameOf = ({ namespace, name }: Named): string => `${namespace}/${name}`;

/** A workload that the plan does not name starts with the last tier. */
function tierOf(plan: Pick<Plan, 'tiers'>, { name }: Named): TierId {
  return matchService(plan, { name })?.tier ?? lastTier(plan);
}

/** From the first tier to the last one; a tier without workloads is empty. */
export function byTier<T extends Named>(plan: Pick<Plan, 'tiers'>, workloads: readonly T[]): T[][] {
  return plan.tiers.map(({ id }) => workloads.filter((each) => tierOf(plan, each) === id));
}
