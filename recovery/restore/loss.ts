/** The RPO that this restore had, measured: how far the data that came back lies before the disaster. */
import type { RestorePlan } from '../workloads/restore-plan.ts';
import type { ItemResult } from './items.ts';

export interface Loss {
  readonly workload: string;
  readonly tier: string;
  /** Of PostgreSQL the last commit that was replayed, else the moment of the copy. */
  readonly recoveredTo: string;
  /** From there to the declared moment of the disaster; 0 when the data is younger. */
  readonly seconds: number;
}

/** In the plan's order; only workloads that came back. Pure. */
export function measureLoss(plan: RestorePlan, items: readonly ItemResult[]): Loss[] {
  const declared = Date.parse(plan.declaredAt);
  return plan.items.flatMap(({ workload, tier }) => {
    const recoveredTo = items.find((item) => item.workload === workload)?.recoveredTo;
    if (recoveredTo === undefined) return [];
    return [{ workload, tier, recoveredTo, seconds: Math.max(0, (declared - Date.parse(recoveredTo)) / 1000) }];
  });
}
