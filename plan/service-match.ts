/** Matches a workload of a cluster with a service of the plan, by its labels or its name. Pure. */
import type { Plan, TierId } from './types.ts';

/** Labels with the name of a workload, in order of precedence. */
const NAME_LABELS = ['app.kubernetes.io/name', 'app.kubernetes.io/component', 'app', 'k8s-app'] as const;

export interface Named {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface ServiceMatch {
  readonly service: string;
  readonly tier: TierId;
}

/** Undefined for an unmapped workload: it comes back with the last tier. */
export function matchService({ tiers }: Pick<Plan, 'tiers'>, { name, labels = {} }: Named): ServiceMatch | undefined {
  const words = [...NAME_LABELS.map((label) => labels[label]), name];
  for (const word of words) {
    for (const { id, services } of tiers) {
      const found = services.find(({ id: service, names = [] }) => word === service || names.includes(word ?? ''));
      if (found !== undefined) return { service: found.id, tier: id };
    }
  }
  return undefined;
}

/** The tier of unmapped workloads. */
export function lastTier({ tiers }: Pick<Plan, 'tiers'>): TierId {
  const last = tiers.at(-1);
  if (last === undefined) throw new RangeError('the plan has no tiers');
  return last.id;
}
