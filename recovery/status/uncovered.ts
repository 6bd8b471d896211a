/** What a site leaves unprotected or unheard: workloads that it does not back up, and alerts that reach nobody. Pure. */
import { isConfigured } from '../config/selection.ts';
import type { Site } from '../config/site.ts';

export interface Uncovered {
  /** Ids of workloads of the plan. */
  readonly unconfigured: readonly string[];
  /** Why no alert reaches anybody; undefined where somebody gets them, or where that is meant. */
  readonly unheard?: string;
}

export function uncovered({ plan, environment, file }: Pick<Site, 'plan' | 'environment' | 'file'>): Uncovered {
  const unconfigured = plan.workloads.filter((workload) => !isConfigured(environment, workload)).map(({ id }) => id);
  if (environment.alerts !== undefined || plan.alerts.none) return { unconfigured };
  return {
    unconfigured,
    unheard: `${file} names nobody who gets alerts: write alerts: {receivers: [NAME]}, or {none: true}`,
  };
}
