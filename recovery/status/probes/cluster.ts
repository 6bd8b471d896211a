/** The platform as its cluster's API shows it: namespaces, and the workloads in them. */
import type { Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import { type Cluster, fieldsOf, type KubeObject, listOf, type ResourceType } from '../../kubernetes/objects.ts';
import { openConfiguredCluster } from '../../kubernetes/open.ts';
import { SERVED } from '../../kubernetes/served-types.ts';
import { type WorkloadState, workloadState } from './workloads.ts';

/** For one call: a health check must report soon that nothing answers. */
const ANSWER_SECONDS = 10;

const WORKLOADS = [SERVED.deployment, SERVED.statefulSet, SERVED.daemonSet];

export interface NamespaceState {
  readonly name: string;
  readonly state: 'there' | 'missing' | 'terminating';
}

export type PlatformState =
  | {
      readonly kind: 'read';
      /** `context production (https://…)` */
      readonly describe: string;
      readonly namespaces: readonly NamespaceState[];
      readonly workloads: readonly WorkloadState[];
    }
  | {
      readonly kind: 'silent';
      /** `refused`: it answers and denies this account. `misconfigured`: the access to it is wrong on this machine. */
      readonly why: 'unreachable' | 'refused' | 'misconfigured';
      readonly fact: string;
    };

const WHY: Readonly<Record<string, 'unreachable' | 'refused'>> = {
  'KUBERNETES-UNREACHABLE': 'unreachable',
  'KUBERNETES-FORBIDDEN': 'refused',
  'KUBERNETES-CREDENTIALS': 'refused',
};

async function stateOf(cluster: Cluster, name: string): Promise<NamespaceState> {
  const found = await cluster.get(SERVED.namespace, name);
  if (found === undefined) return { name, state: 'missing' };
  return { name, state: found.metadata.deletionTimestamp === undefined ? 'there' : 'terminating' };
}

async function listIn(
  cluster: Cluster,
  types: readonly ResourceType[],
  namespaces: readonly string[],
): Promise<KubeObject[]> {
  const lists = types.flatMap((type) => namespaces.map((namespace) => cluster.list(type, namespace)));
  return (await Promise.all(lists)).flat();
}

export type Silent = Extract<PlatformState, { kind: 'silent' }>;

/** Undefined where the environment names no cluster. A cluster that does not answer is a result, not an error. */
export function readPlatform(site: Site, signal?: AbortSignal): Promise<PlatformState | undefined> {
  return ask(site, signal, (cluster, namespaces) => readFrom(cluster, site, namespaces));
}

/** The platform's namespaces alone: one query each, for which a right to read them is enough. */
export function readNamespaces(
  site: Site,
): Promise<Silent | { readonly kind: 'read'; readonly namespaces: readonly NamespaceState[] } | undefined> {
  return ask(site, undefined, async (cluster, names) => ({
    kind: 'read',
    namespaces: await Promise.all(names.map((name) => stateOf(cluster, name))),
  }));
}

/** What the drills among the pods of a namespace have left as their last words. */
export function readDrillResults(
  site: Site,
  namespace: string,
): Promise<Silent | { readonly kind: 'read'; readonly messages: readonly string[] } | undefined> {
  return ask(site, undefined, async (cluster) => ({
    kind: 'read',
    messages: (await cluster.list(SERVED.pod, namespace)).flatMap(lastWords),
  }));
}

/** Of a container that ran `dr drill`. */
function lastWords({ spec, status }: KubeObject): string[] {
  const drills = listOf(fieldsOf(spec).containers).filter((each) => {
    const { command, args } = fieldsOf(each);
    return listOf(command)[0] === 'dr' && listOf(args)[0] === 'drill';
  });
  const names = drills.map((each) => fieldsOf(each).name);
  return listOf(fieldsOf(status).containerStatuses).flatMap((each) => {
    const { name, state } = fieldsOf(each);
    const { message } = fieldsOf(fieldsOf(state).terminated);
    return names.includes(name) && typeof message === 'string' ? [message] : [];
  });
}

/** What the question throws of the API becomes an answer too: why it is silent. */
export async function ask<T>(
  site: Site,
  signal: AbortSignal | undefined,
  question: (cluster: Cluster, namespaces: readonly string[]) => Promise<T>,
): Promise<T | Silent | undefined> {
  const settings = site.environment.kubernetes;
  if (settings === undefined) return undefined;
  try {
    await using cluster = await openConfiguredCluster(site, settings, signal, { timeoutSeconds: ANSWER_SECONDS });
    return await question(cluster, settings.namespaces);
  } catch (error) {
    if (signal?.aborted || !(error instanceof DrError)) throw error;
    return { kind: 'silent', why: WHY[error.code] ?? 'misconfigured', fact: `${error.where}: ${error.fact}` };
  }
}

export async function readFrom(
  cluster: Cluster,
  { plan }: Pick<Site, 'plan'>,
  names: readonly string[],
): Promise<PlatformState> {
  const namespaces = await Promise.all(names.map((name) => stateOf(cluster, name)));
  // The account's rights go with the namespace: a query in a missing one would be refused.
  const there = namespaces.filter(({ state }) => state !== 'missing').map(({ name }) => name);
  const [objects, pods] = await Promise.all([listIn(cluster, WORKLOADS, there), listIn(cluster, [SERVED.pod], there)]);
  const living = objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const workloads = living.map((object) => workloadState(plan, object, pods));
  return { kind: 'read', describe: cluster.describe, namespaces, workloads };
}

export function wordsOfNamespace({ name, state }: NamespaceState): string {
  if (state === 'there') return `the namespace "${name}" is there`;
  return state === 'missing' ? `there is no namespace "${name}"` : `the namespace "${name}" is being deleted`;
}
