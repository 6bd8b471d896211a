/** The steps in which a recovered platform is declared, each after the steps that it names. Pure. */
import { JOB_KINDS } from '../../plan/service-match.ts';
import type { Plan, TierId } from '../../plan/types.ts';
import { type KubeObject, restoreWaves, type WaveId } from '../../recovery/public.ts';
import { type Placements, placementsOf } from './select/placement.ts';

export interface Step {
  /** `configuration`, `stores`, `p1`, `routes-p1`, `admission` */
  readonly id: string;
  /** Ids of steps, or none: the first. */
  readonly after: readonly string[];
  /** They are independent of each other. */
  readonly objects: readonly KubeObject[];
  /** Runs after the objects exist and before every later step. */
  readonly check?: 'stores' | TierId | undefined;
}

export interface Steps {
  readonly steps: readonly Step[];
  readonly placements: Placements;
}

/** Waves that come with the workloads, or after them. */
const AFTER_STORES: readonly WaveId[] = ['workloads', 'scaling', 'apis', 'converted-resources', 'routes', 'admission'];

const isJob = ({ kind }: KubeObject): boolean => JOB_KINDS.includes(kind);

/** A chain of steps. Jobs and routes of each tier are beside it, and no step waits for them. */
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

  /** The next step comes after all steps that have no successor yet. */
  join(): void {
    const followed = new Set(this.steps.flatMap(({ after }) => after));
    this.#last = this.steps.map(({ id }) => id).filter((id) => !followed.has(id));
  }
}

export interface StepsArgs {
  readonly plan: Pick<Plan, 'tiers'>;
  readonly objects: readonly KubeObject[];
  /** False for services that are scaled to zero. @default true */
  readonly checked?: boolean | undefined;
}

/**
 * The waves before the workloads; a check of the stores; for each tier its workloads, a check, and then its CronJobs, Jobs and routes; the
 * other routes; and last the admission configurations, which the API server calls for every creation. A CronJob that was there before the
 * check of its tier could run on data that is not the one to keep.
 */
export function stepsOf({ plan, objects, checked = true }: StepsArgs): Steps {
  const placements = placementsOf(plan, objects);
  const waves = restoreWaves(objects);
  const of = (...ids: readonly WaveId[]) => waves.filter(({ id }) => ids.includes(id)).flatMap((wave) => wave.objects);
  const chain = new Chain();
  for (const { id } of waves) if (!AFTER_STORES.includes(id)) chain.add(id, of(id));
  if (checked) chain.add('stores', [], 'stores');
  const isOf = (tier: TierId) => (object: KubeObject) => placements.get(object)?.tier === tier;
  for (const { id } of plan.tiers) {
    const own = of('workloads', 'scaling').filter(isOf(id));
    const services = own.filter((object) => !isJob(object));
    if (services.length > 0) chain.add(id.toLowerCase(), services, checked ? id : undefined);
    chain.beside(`jobs-${id.toLowerCase()}`, own.filter(isJob));
    chain.beside(`routes-${id.toLowerCase()}`, of('routes').filter(isOf(id)));
  }
  chain.add('apis', of('apis'));
  chain.add('converted-resources', of('converted-resources'));
  chain.add(
    'routes',
    of('routes').filter((object) => !placements.has(object)),
  );
  chain.join();
  chain.add('admission', of('admission'));
  return { steps: chain.steps, placements };
}
