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

/** What a CronJob works on, such as `database`, is not whose it is. */
const OWNER_LABELS = NAME_LABELS.filter((label) => label !== 'app.kubernetes.io/component');

/** `order-service-cleanup`, `order-service`, `order` */
function prefixesOf(name: string): string[] {
  const parts = name.split('-');
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('-'));
}

/**
 * The service of a CronJob or a Job: `order-service-cleanup` is one of order-service. Where its labels and its name lead to several, the
 * least critical: one that comes too early works on data that nobody has checked. Undefined for one that comes with the last tier.
 */
export function matchJob(plan: Pick<Plan, 'tiers'>, { name, labels = {} }: Named): ServiceMatch | undefined {
  const words = OWNER_LABELS.flatMap((label) => labels[label] ?? []);
  const byName = prefixesOf(name)
    .map((prefix) => matchService(plan, { name: prefix }))
    .find((found) => found !== undefined);
  const found = [...words.map((word) => matchService(plan, { name: word })), byName].filter(
    (each) => each !== undefined,
  );
  const rank = ({ tier }: ServiceMatch): number => plan.tiers.findIndex(({ id }) => id === tier);
  return found.toSorted((a, b) => rank(b) - rank(a))[0];
}

/** Kinds that end by themselves: no service waits for them, and they must not run before the data of theirs is checked. */
export const JOB_KINDS: readonly string[] = ['CronJob', 'Job'];

/** The tier of unmapped workloads. */
export function lastTier({ tiers }: Pick<Plan, 'tiers'>): TierId {
  const last = tiers.at(-1);
  if (last === undefined) throw new RangeError('the plan has no tiers');
  return last.id;
}
