/** Deployments, StatefulSets and DaemonSets, and whether their pods are ready. Pure. */
import { lastTier, matchService, type ServiceMatch } from '../../../plan/service-match.ts';
import type { Plan, TierId } from '../../../plan/types.ts';
import { selects } from '../../kubernetes/labels.ts';
import { fieldsOf, type KubeObject, listOf } from '../../kubernetes/objects.ts';
import type { ServiceHealth } from './service.ts';

export interface WorkloadState {
  /** `Deployment go-coffee/api` */
  readonly name: string;
  /** Undefined for a workload that belongs to no service of the plan. */
  readonly match: ServiceMatch | undefined;
  /** Pods. */
  readonly wanted: number;
  readonly ready: number;
  /** False while its controller has not observed the newest change: the counts are from before it. */
  readonly current: boolean;
  /** Why pods are not ready, in the kubelet's or the scheduler's own words. */
  readonly reasons: readonly string[];
}

const whole = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

function counts({ kind, spec, status }: KubeObject): { wanted: number; ready: number } {
  const said = fieldsOf(status);
  // A DaemonSet wants one pod for each matching node, which only its controller counts.
  if (kind === 'DaemonSet') return { wanted: whole(said.desiredNumberScheduled, 0), ready: whole(said.numberReady, 0) };
  return { wanted: whole(fieldsOf(spec).replicas, 1), ready: whole(said.readyReplicas, 0) };
}

function isReady(pod: KubeObject): boolean {
  return listOf(fieldsOf(pod.status).conditions)
    .map(fieldsOf)
    .some(({ type, status }) => type === 'Ready' && status === 'True');
}

function reasonsOf(pod: KubeObject): string[] {
  const { conditions, containerStatuses, initContainerStatuses } = fieldsOf(pod.status);
  const scheduling = listOf(conditions)
    .map(fieldsOf)
    .filter(({ type }) => type === 'PodScheduled');
  const unscheduled = scheduling.flatMap(({ status, reason }) => (status === 'False' ? [String(reason)] : []));
  const states = [...listOf(initContainerStatuses), ...listOf(containerStatuses)].map(fieldsOf);
  const stopped = states.flatMap(({ state }) => {
    const { waiting, terminated } = fieldsOf(state);
    const { reason } = { ...fieldsOf(terminated), ...fieldsOf(waiting) };
    return typeof reason === 'string' && reason !== 'Completed' ? [reason] : [];
  });
  const running = states.filter(({ state, ready }) => fieldsOf(state).running !== undefined && ready === false);
  return [...unscheduled, ...stopped, ...running.map(() => 'runs and is not ready')];
}

function podsOf({ spec, metadata }: KubeObject, pods: readonly KubeObject[]): KubeObject[] {
  const { selector } = fieldsOf(spec);
  return pods.filter((pod) => pod.metadata.namespace === metadata.namespace && selects(selector, pod.metadata.labels));
}

/** @param pods of its namespaces; the reasons come from them */
export function workloadState(
  plan: Pick<Plan, 'tiers'>,
  object: KubeObject,
  pods: readonly KubeObject[],
): WorkloadState {
  const { kind, metadata, status } = object;
  const seen = whole(fieldsOf(status).observedGeneration, 0);
  const unready = podsOf(object, pods).filter((pod) => !isReady(pod));
  return {
    name: `${kind} ${metadata.namespace}/${metadata.name}`,
    match: matchService(plan, { name: metadata.name, labels: metadata.labels }),
    ...counts(object),
    current: seen >= whole(metadata.generation, 0),
    reasons: [...new Set(unready.flatMap(reasonsOf))].sort(),
  };
}

export function isHealthy({ wanted, ready, current }: WorkloadState): boolean {
  return current && ready >= wanted;
}

export function wordsOfWorkload(state: WorkloadState): string {
  const { name, wanted, ready, current, reasons } = state;
  if (!current) return `${name}: its controller has not observed the newest change yet`;
  if (wanted === 0) return `${name} is scaled to 0`;
  const why = isHealthy(state) || reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  return `${name}: ${ready} of ${wanted} pods ready${why}`;
}

/** A service from all of its workloads. One at 0 beside a running one (blue and green) is intended; all at 0 is a failure. */
export function serviceOf(states: readonly WorkloadState[]): ServiceHealth {
  if (states.length === 0) return { well: undefined, fact: 'no workload of the cluster is this service' };
  const running = states.filter(({ wanted, current }) => wanted > 0 || !current);
  return { well: running.length > 0 && running.every(isHealthy), fact: states.map(wordsOfWorkload).join('; ') };
}

/** A workload that belongs to no service of the plan. At 0 pods its health is unknown, as nobody wrote down what is wanted. */
export function unmappedHealth(state: WorkloadState): ServiceHealth {
  const well = state.wanted === 0 && state.current ? undefined : isHealthy(state);
  return { well, fact: `${wordsOfWorkload(state)}; not a service of the plan` };
}

export function tierOf(plan: Pick<Plan, 'tiers'>, { match }: WorkloadState): TierId {
  return match?.tier ?? lastTier(plan);
}
