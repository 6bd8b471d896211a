/** The standby's cluster as its API shows it, against what runs here: room on its nodes, and images that they have. Reads only. */
import type { Site } from '../../config/site.ts';
import { DrError, EXIT } from '../../core/errors.ts';
import { type Cluster, fieldsOf, type KubeObject, listOf, nameOf, textOf } from '../../kubernetes/objects.ts';
import { openConfiguredCluster } from '../../kubernetes/open.ts';
import { SERVED } from '../../kubernetes/served-types.ts';
import { quantityOf } from './quantity.ts';
import { type Amount, type Demand, type Fit, fitPods, type NodeRoom } from './room.ts';

export interface StandbyLook {
  /** `context eu (https://…)` */
  readonly describe: string;
  readonly nodes: number;
  readonly fit: Fit;
  readonly images: {
    /** Of what runs here. */
    readonly wanted: number;
    /** No node of the standby has them: nobody has tried. */
    readonly absent: readonly string[];
    /** A pod there can't pull them now. */
    readonly refused: readonly string[];
  };
}

/** For one call. */
const ANSWER_SECONDS = 10;

function amountOf(value: unknown): Amount {
  const { cpu, memory } = fieldsOf(value);
  const read = (part: unknown): number => (part === undefined ? 0 : quantityOf(String(part)));
  return { cpu: read(cpu), memory: read(memory) };
}

const sum = (amounts: readonly Amount[]): Amount => ({
  cpu: amounts.reduce((all, { cpu }) => all + cpu, 0),
  memory: amounts.reduce((all, { memory }) => all + memory, 0),
});

/** As the scheduler counts: containers together, or the largest that runs before them. Sidecars count with the containers. */
function requestsOf(podSpec: unknown): Amount {
  const { containers, initContainers, overhead } = fieldsOf(podSpec);
  const asks = (container: unknown) => amountOf(fieldsOf(fieldsOf(container).resources).requests);
  const isSidecar = (each: unknown): boolean => fieldsOf(each).restartPolicy === 'Always';
  const before = listOf(initContainers);
  const together = sum([...listOf(containers), ...before.filter(isSidecar)].map(asks));
  const first = before.filter((each) => !isSidecar(each)).map(asks);
  const most = (key: keyof Amount): number => Math.max(together[key], ...first.map((each) => each[key]));
  return sum([{ cpu: most('cpu'), memory: most('memory') }, amountOf(overhead)]);
}

const isOver = ({ status }: KubeObject): boolean => ['Succeeded', 'Failed'].includes(textOf(fieldsOf(status).phase));

/** Ready, and open to pods that tolerate nothing. */
function takesPods({ spec, status }: KubeObject): boolean {
  const { unschedulable, taints } = fieldsOf(spec);
  const closed = listOf(taints).some((taint) => fieldsOf(taint).effect !== 'PreferNoSchedule');
  const ready = listOf(fieldsOf(status).conditions).some((each) => {
    const condition = fieldsOf(each);
    return condition.type === 'Ready' && condition.status === 'True';
  });
  return unschedulable !== true && !closed && ready;
}

function roomOf(node: KubeObject, pods: readonly KubeObject[]): NodeRoom {
  const { allocatable } = fieldsOf(node.status);
  const { name } = node.metadata;
  const own = pods.filter((pod) => textOf(fieldsOf(pod.spec).nodeName) === name && !isOver(pod));
  const used = sum(own.map(({ spec }) => requestsOf(spec)));
  const all = amountOf(allocatable);
  const most = quantityOf(String(fieldsOf(allocatable).pods ?? '110'));
  return { name, cpu: all.cpu - used.cpu, memory: all.memory - used.memory, pods: most - own.length };
}

const replicasOf = ({ spec }: KubeObject): number => {
  const { replicas } = fieldsOf(spec);
  return typeof replicas === 'number' ? replicas : 1;
};
const podSpecOf = ({ spec }: KubeObject): unknown => fieldsOf(fieldsOf(spec).template).spec;

/** What the other site would have to start: less what it runs already. */
function demandsOf(here: readonly KubeObject[], there: readonly KubeObject[]): Demand[] {
  const running = new Map(there.map((each) => [nameOf(each), replicasOf(each)]));
  return here.flatMap((each): Demand[] => {
    const pods = replicasOf(each) - (running.get(nameOf(each)) ?? 0);
    return pods > 0 ? [{ what: nameOf(each), pods, ...requestsOf(podSpecOf(each)) }] : [];
  });
}

const imagesOf = (podSpec: unknown): string[] => {
  const { containers, initContainers } = fieldsOf(podSpec);
  return [...listOf(containers), ...listOf(initContainers)].map((each) => textOf(fieldsOf(each).image));
};

/** A node names an image by its registry and digest, and by its tags. */
function asNodesName(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const isHost = rest.length > 0 && /[.:]|^localhost$/.test(first);
  const named = isHost ? image : `docker.io/${rest.length === 0 ? `library/${image}` : image}`;
  return /@|:[^/]+$/.test(named) ? named.replace(/:[^/@]+@/, '@') : `${named}:latest`;
}

function refusedIn(pods: readonly KubeObject[]): string[] {
  const found = pods.flatMap(({ status }) => {
    const { containerStatuses, initContainerStatuses } = fieldsOf(status);
    return [...listOf(containerStatuses), ...listOf(initContainerStatuses)].flatMap((each) => {
      const { image, state } = fieldsOf(each);
      const reason = textOf(fieldsOf(fieldsOf(state).waiting).reason);
      return ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName'].includes(reason) ? [textOf(image)] : [];
    });
  });
  return [...new Set(found)].sort();
}

const RUNS_ON = [SERVED.deployment, SERVED.statefulSet];

async function workloadsIn(
  cluster: Cluster,
  namespaces: readonly string[],
  types: readonly (typeof SERVED)[keyof typeof SERVED][],
): Promise<KubeObject[]> {
  const lists = types.flatMap((type) => namespaces.map((namespace) => cluster.list(type, namespace)));
  return (await Promise.all(lists)).flat();
}

/** Undefined where dr.yaml names no standby. Throws `KUBERNETES-…`, `KUBECONFIG-…` and `STANDBY-ITSELF` where nobody could look. */
export async function lookAtStandby(site: Site): Promise<StandbyLook | undefined> {
  const { kubernetes, standby } = site.environment;
  if (kubernetes === undefined || standby === undefined) return undefined;
  const limit = { timeoutSeconds: ANSWER_SECONDS };
  await using here = await openConfiguredCluster(site, kubernetes, site.signal, limit);
  const place = { ...standby, namespaces: kubernetes.namespaces };
  await using there = await openConfiguredCluster(site, place, site.signal, limit);
  const [own, daemons, its, nodes, pods, uids] = await Promise.all([
    workloadsIn(here, kubernetes.namespaces, RUNS_ON),
    workloadsIn(here, kubernetes.namespaces, [SERVED.daemonSet]),
    workloadsIn(there, kubernetes.namespaces, RUNS_ON),
    there.list(SERVED.node),
    there.list(SERVED.pod),
    Promise.all([here, there].map((each) => each.get(SERVED.namespace, 'kube-system'))),
  ]);
  refuseItself(there.describe, uids);
  const open = nodes.filter(takesPods);
  const known = new Set(
    nodes.flatMap(({ status }) => listOf(fieldsOf(status).images).flatMap((each) => listOf(fieldsOf(each).names))),
  );
  const wanted = [...new Set([...own, ...daemons].flatMap((each) => imagesOf(podSpecOf(each))))];
  return {
    describe: there.describe,
    nodes: open.length,
    fit: fitPods(
      open.map((node) => roomOf(node, pods)),
      demandsOf(own, its),
    ),
    images: {
      wanted: wanted.length,
      absent: wanted.filter((image) => !known.has(asNodesName(image)) && !known.has(image)).sort(),
      refused: refusedIn(pods.filter(({ metadata }) => kubernetes.namespaces.includes(metadata.namespace ?? ''))),
    },
  };
}

/** A cluster that would take over from itself says nothing. */
function refuseItself(describe: string, uids: readonly (KubeObject | undefined)[]): void {
  const [own, other] = uids.map((each) => each?.metadata.uid);
  if (own === undefined || own !== other) return;
  throw new DrError({
    code: 'STANDBY-ITSELF',
    where: 'standby',
    fact: `${describe} is the cluster of this site itself`,
    hint: 'name the context of the other cluster: kubectl config get-contexts',
    exit: EXIT.usage,
  });
}
