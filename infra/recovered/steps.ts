/** In which steps a recovered platform is declared: each after those that it names. Pure. */
import type { Plan, TierId } from '../../plan/types.ts';
import { type KubeObject, restoreWaves, type WaveId } from '../../recovery/public.ts';
import { type Placements, placementsOf } from './select/placement.ts';

export interface Step {
  /** `configuration`, `stores`, `p1`, `routes-p1`, `admission` */
  readonly id: string;
  /** Ids of steps, or none: the first. */
  readonly after: readonly string[];
  /** They don't need one another. */
  readonly objects: readonly KubeObject[];
  /** When the objects are there, and before anything that comes after it. */
  readonly check?: 'stores' | TierId | undefined;
}

export interface Steps {
  readonly steps: readonly Step[];
  readonly placements: Placements;
}

/** With its workloads, or after them. */
const AFTER_STORES: readonly WaveId[] = ['workloads', 'scaling', 'converted-resources', 'routes', 'admission'];

/** A chain, with the routes of each tier beside it: they hold nothing back. */
class Chain {
  readonly steps: Step[] = [];
  #last: readonly string[] = [];

  add(id: string, objects: readonly KubeObject[], check?: Step['check']): void {
    if (objects.length === 0 && check === undefined) return;
    this.steps.push({ id, after: this.#last, objects, check });
    this.#last = [id];
  }

  beside(id: string, objects: readonly KubeObject[]): void {
    if (objects.length > 0) this.steps.push({ id, after: this.#last, objects });
  }

  /** Of all steps that nothing comes after yet. */
  join(): void {
    const followed = new Set(this.steps.flatMap(({ after }) => after));
    this.#last = this.steps.map(({ id }) => id).filter((id) => !followed.has(id));
  }
}

/**
 * The waves before the workloads; a check of the stores; tier by tier the workloads, a check, and what leads to them; then the rest of
 * the routes, and last what has a say in every creation.
 * @param checked of what sleeps there is nothing to check
 */
export function stepsOf(plan: Pick<Plan, 'tiers'>, objects: readonly KubeObject[], checked = true): Steps {
  const placements = placementsOf(plan, objects);
  const waves = restoreWaves(objects);
  const of = (...ids: readonly WaveId[]) => waves.filter(({ id }) => ids.includes(id)).flatMap((wave) => wave.objects);
  const chain = new Chain();
  for (const { id } of waves) if (!AFTER_STORES.includes(id)) chain.add(id, of(id));
  if (checked) chain.add('stores', [], 'stores');
  const isOf = (tier: TierId) => (object: KubeObject) => placements.get(object)?.tier === tier;
  for (const { id } of plan.tiers) {
    const own = of('workloads', 'scaling').filter(isOf(id));
    if (own.length > 0) chain.add(id.toLowerCase(), own, checked ? id : undefined);
    chain.beside(`routes-${id.toLowerCase()}`, of('routes').filter(isOf(id)));
  }
  chain.add('converted-resources', of('converted-resources'));
  chain.add(
    'routes',
    of('routes').filter((object) => !placements.has(object)),
  );
  chain.join();
  chain.add('admission', of('admission'));
  return { steps: chain.steps, placements };
}
