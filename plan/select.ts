/** Selectors of workloads in schedules, tests and flags: ids, `tier:P1`, `group:database`, `type:files`, `class:configuration`, `all`. */
import type { Plan, Schedule, Workload } from './types.ts';

const BY = {
  tier: (workload: Workload) => workload.tier,
  group: (workload: Workload) => workload.group,
  type: (workload: Workload) => workload.type,
  class: (workload: Workload) => workload.dataClass,
} as const;

function matches(workload: Workload, selector: string): boolean {
  if (selector === 'all') return true;
  const colon = selector.indexOf(':');
  if (colon < 0) return workload.id === selector;
  const field = selector.slice(0, colon);
  return Object.hasOwn(BY, field) && BY[field as keyof typeof BY](workload) === selector.slice(colon + 1);
}

/** In the plan's order, each once. `unmatched` has the selectors that select nothing. */
export function selectWorkloads(plan: Pick<Plan, 'workloads'>, selectors: readonly string[]): Workload[] {
  return plan.workloads.filter((workload) => selectors.some((selector) => matches(workload, selector)));
}

/** The selectors that match no workload. */
export function unmatched(plan: Pick<Plan, 'workloads'>, selectors: readonly string[]): string[] {
  return selectors.filter((selector) => !plan.workloads.some((workload) => matches(workload, selector)));
}

/** Every selector that matches something in this plan, for hints. */
export function knownSelectors(plan: Pick<Plan, 'workloads'>): string[] {
  const fields = Object.entries(BY).flatMap(([field, of]) =>
    plan.workloads.map((workload) => `${field}:${of(workload)}`),
  );
  return [...plan.workloads.map(({ id }) => id), 'all', ...new Set(fields)];
}

/**
 * The lock of a run (`schedules[].lock`): that of the smallest schedule of its kind that covers `ids`, so an incremental run of Redis
 * alone does not wait for a full backup. Without `ids`: that of the largest schedule of its kind.
 */
export function lockOf(
  plan: Pick<Plan, 'workloads' | 'schedules'>,
  kind: Schedule['kind'],
  ids: readonly string[],
): string {
  const sized = plan.schedules
    .filter((schedule) => schedule.kind === kind)
    .map(({ lock, workloads }) => ({ lock, covers: selectWorkloads(plan, workloads).map(({ id }) => id) }))
    .sort((a, b) => a.covers.length - b.covers.length);
  const found = ids.length === 0 ? sized.at(-1) : sized.find(({ covers }) => ids.every((id) => covers.includes(id)));
  return (found ?? sized.at(-1))?.lock ?? 'backup';
}
