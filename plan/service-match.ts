/** Which service of the plan a workload of a cluster is: by its labels, or by its name. Pure. */
import type { Plan, TierId } from './types.ts';

/** Labels that say what a workload is, the stronger first. */
const NAME_LABELS = ['app.kubernetes.io/name', 'app.kubernetes.io/component', 'app', 'k8s-app'] as const;

export interface Named {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface ServiceMatch {
  readonly service: string;
  readonly tier: TierId;
}

/** Undefined: the plan doesn't know it, and it comes back with the last tier. */
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

/** Where everything goes that no service of the plan is. */
export function lastTier({ tiers }: Pick<Plan, 'tiers'>): TierId {
  const last = tiers.at(-1);
  if (last === undefined) throw new RangeError('the plan has no tier');
  return last.id;
}
