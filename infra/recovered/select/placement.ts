/** Maps objects to services and tiers of the plan. Pure. */
import { JOB_KINDS, lastTier, matchJob, matchService } from '../../../plan/service-match.ts';
import type { Plan, TierId } from '../../../plan/types.ts';
import { fieldsOf, type KubeObject, kindOf, restoreWaves, selects } from '../../../recovery/public.ts';
import { backendsOf } from '../objects/backends.ts';

export interface Placement {
  readonly tier: TierId;
  /** Undefined for an unmapped workload, which comes with the last tier. */
  readonly service?: string | undefined;
}

/** An object without a placement belongs to no service. Any service may need it, so it comes before all tiers. */
export type Placements = ReadonlyMap<KubeObject, Placement>;

type Labels = Readonly<Record<string, string>>;
type Tiers = Pick<Plan, 'tiers'>;

/** Labels of a workload's pods. */
function podLabels({ kind, metadata, spec }: KubeObject): Labels {
  if (kind === 'Pod') return metadata.labels ?? {};
  const { template, jobTemplate } = fieldsOf(spec);
  const pods = template ?? fieldsOf(fieldsOf(jobTemplate).spec).template;
  return fieldsOf(fieldsOf(fieldsOf(pods).metadata).labels) as Labels;
}

function byItself(plan: Tiers, object: KubeObject): Placement | undefined {
  const { name, labels } = object.metadata;
  if (JOB_KINDS.includes(object.kind)) return matchJob(plan, { name, labels: { ...podLabels(object), ...labels } });
  return matchService(plan, { name, labels }) ?? matchService(plan, { name, labels: podLabels(object) });
}

const rank = ({ tiers }: Tiers, { tier }: Placement): number => tiers.findIndex(({ id }) => id === tier);

/** The most critical placement, because with a later tier that service would miss its RTO. */
function first(plan: Tiers, found: readonly Placement[]): Placement | undefined {
  return found.toSorted((a, b) => rank(plan, a) - rank(plan, b))[0];
}

/** Places objects that select pods by labels, or that refer to a workload or a service. */
class Finder {
  readonly #plan: Tiers;
  /** By namespace. */
  readonly #workloads = new Map<string, KubeObject[]>();
  readonly #placements: ReadonlyMap<KubeObject, Placement>;
  readonly #services = new Map<string, Placement>();

  constructor(plan: Tiers, workloads: ReadonlyMap<KubeObject, Placement>) {
    this.#plan = plan;
    this.#placements = workloads;
    for (const workload of workloads.keys()) {
      const { namespace = '' } = workload.metadata;
      this.#workloads.set(namespace, [...(this.#workloads.get(namespace) ?? []), workload]);
    }
  }

  #among({ metadata }: KubeObject, fits: (workload: KubeObject) => boolean): Placement | undefined {
    const workloads = this.#workloads.get(metadata.namespace ?? '') ?? [];
    return first(
      this.#plan,
      workloads.filter(fits).flatMap((workload) => this.#placements.get(workload) ?? []),
    );
  }

  /** A disruption budget or an autoscaler. */
  scaling(object: KubeObject): Placement {
    const { scaleTargetRef, selector } = fieldsOf(object.spec);
    const target = fieldsOf(scaleTargetRef);
    const found =
      object.kind === 'HorizontalPodAutoscaler'
        ? this.#among(object, ({ kind, metadata }) => kind === target.kind && metadata.name === target.name)
        : this.#among(object, (workload) => selects(selector, podLabels(workload)));
    return found ?? byItself(this.#plan, object) ?? { tier: lastTier(this.#plan) };
  }

  service(object: KubeObject): Placement | undefined {
    const { selector } = fieldsOf(object.spec);
    const labels = Object.keys(fieldsOf(selector)).length === 0 ? undefined : selector;
    const found =
      labels === undefined
        ? undefined
        : this.#among(object, (workload) => selects({ matchLabels: labels }, podLabels(workload)));
    if (found !== undefined) this.#services.set(`${object.metadata.namespace}/${object.metadata.name}`, found);
    return found;
  }

  /** By its backends, so services must be placed first. */
  route(object: KubeObject): Placement | undefined {
    const found = backendsOf(object.spec).flatMap(
      ({ name, namespace = object.metadata.namespace }) => this.#services.get(`${namespace}/${name}`) ?? [],
    );
    return first(this.#plan, found);
  }
}

export function placementsOf(plan: Tiers, objects: readonly KubeObject[]): Placements {
  const waves = new Map(restoreWaves(objects).map(({ id, objects: of }) => [id, of] as const));
  const last: Placement = { tier: lastTier(plan) };
  const workloads = new Map(
    (waves.get('workloads') ?? []).map((object) => [object, byItself(plan, object) ?? last] as const),
  );
  const finder = new Finder(plan, workloads);
  const placed = new Map<KubeObject, Placement>(workloads);
  const place = (of: readonly KubeObject[], find: (object: KubeObject) => Placement | undefined): void => {
    for (const object of of) {
      const found = find(object);
      if (found !== undefined) placed.set(object, found);
    }
  };
  place(waves.get('scaling') ?? [], (object) => finder.scaling(object));
  place(
    (waves.get('services') ?? []).filter((object) => kindOf(object) === 'Service'),
    (object) => finder.service(object),
  );
  place(waves.get('routes') ?? [], (object) => finder.route(object));
  return placed;
}
