/** Opens what an adoption of a stack needs: its stack and cluster, the source, and a way to it. */
import { z } from 'zod';
import { serviceNamespaces } from '../../../plan/declared/namespaces.ts';
import type { Plan } from '../../../plan/types.ts';
import { DrError, precondition } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Progress } from '../../core/progress.ts';
import { readStack, type SiteStack } from '../../failover/stack.ts';
import type { ClusterAccess } from '../../kubernetes/access.ts';
import { openSiteCluster } from '../../kubernetes/change.ts';
import { openCluster } from '../../kubernetes/cluster.ts';
import { runInPod } from '../../kubernetes/exec.ts';
import { openClusterAccess } from '../../kubernetes/location.ts';
import type { Cluster } from '../../kubernetes/objects.ts';
import type { SiteCluster } from '../../kubernetes/site-cluster.ts';
import type { StackEngine } from '../../pulumi/engine.ts';
import type { AdoptPorts, Memory, Store } from '../types.ts';
import { forwardTo } from './forward.ts';
import { memoryIn } from './memory.ts';
import { platformIn } from './platform.ts';
import { type Behind, findSource, type Source } from './source.ts';

export interface OpenRequest {
  readonly engine: StackEngine;
  readonly stack: string;
  readonly plan: Plan;
  readonly store: Store;
  /** As typed; without it the adoption that is remembered. */
  readonly from: string | undefined;
  readonly progress: Progress;
  readonly log: Logger;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

export interface Opened extends AsyncDisposable {
  readonly stack: SiteStack;
  readonly access: ClusterAccess;
  readonly cluster: Cluster;
  readonly site: SiteCluster;
  readonly ports: AdoptPorts;
  readonly from: string;
  readonly memory: Memory | undefined;
  readonly source: Source;
  /** Host and port by which this process reaches a server or a pod. */
  reach(behind: Behind): Promise<{ readonly host: string; readonly port: number }>;
  reachPod(pod: string, port: number): Promise<{ readonly host: string; readonly port: number }>;
}

const secretsSchema = z.object({
  secrets: z.object({ postgres: z.object({ replication: z.string() }), redis: z.string() }),
});

/** Of the stack's outputs. */
export async function passwordsOf({
  engine,
}: SiteStack): Promise<{ readonly replication: string; readonly redis: string }> {
  const { secrets } = secretsSchema.parse(await engine.outputs());
  return { replication: secrets.postgres.replication, redis: secrets.redis };
}

/** `search shop-data.svc.cluster.local svc.cluster.local …` → `cluster.local` */
export function domainIn(resolvConf: string): string | undefined {
  return /^search\s.*?\bsvc\.(\S+)/m.exec(resolvConf)?.[1];
}

async function domainOf(access: ClusterAccess, namespace: string, pod: string, container: string): Promise<string> {
  const found = domainIn(await runInPod(access, { namespace, pod, container }, ['cat', '/etc/resolv.conf']));
  if (found !== undefined) return found;
  throw new DrError({
    code: 'CLUSTER-DOMAIN',
    where: `pod ${namespace}/${pod}`,
    fact: 'its /etc/resolv.conf names no domain of the cluster, by which a Service could lead elsewhere',
    hint: 'see dnsPolicy of the pod and clusterDomain of the kubelet',
  });
}

function fromOf(typed: string | undefined, memory: Memory | undefined, store: Store, stack: string): string {
  if (memory === undefined || memory.phase === 'undone') {
    if (typed !== undefined) return typed;
    if (memory !== undefined) return memory.from;
    throw precondition({
      code: 'NOT-ADOPTING',
      where: `stack ${stack}`,
      fact: `it takes over no ${store === 'postgres' ? 'PostgreSQL' : 'Redis'}`,
      hint: `type \`dr adopt ${store} --stack ${stack} --from HOST\`; in the same cluster NAME.NAMESPACE stands for HOST`,
    });
  }
  if (typed === undefined || typed === memory.from) return memory.from;
  throw precondition({
    code: 'OTHER-ADOPTION',
    where: `stack ${stack}`,
    fact: `it takes over ${memory.from}, and not ${typed}`,
    hint: `end that first: \`dr adopt ${store} --stack ${stack} --undo\`, or the same with --release`,
  });
}

/** Throws what `readStack` and `findSource` throw, `NOT-ADOPTING`, `OTHER-ADOPTION` and `NOT-LEADING` (exit 6). Changes nothing. */
export async function openAdoption(request: OpenRequest): Promise<Opened> {
  const { engine, store, plan, progress, log, now, signal } = request;
  const stack = await readStack(engine, request.stack);
  const { namespaces, role } = stack.outputs;
  if (role !== 'primary') {
    throw precondition({
      code: 'NOT-LEADING',
      where: `stack ${stack.name}`,
      fact: `its role is ${role}: its stores begin from a copy`,
      hint: 'adopt a server in a stack with role primary',
    });
  }
  const access = await openClusterAccess(stack.cluster);
  const resources = new AsyncDisposableStack();
  const cluster = resources.use(openCluster(access, { signal }));
  const site = resources.use(openSiteCluster(access, signal));
  const memories = memoryIn(access, namespaces.recovery, signal);
  try {
    const memory = await memories.read(store);
    const from = fromOf(request.from, memory, store, stack.name);
    const remembered = memory !== undefined && memory.phase !== 'undone';
    // After the switch the Service leads to the stack: its pods are found by what it selected before.
    const source = await findSource(remembered ? formerly(cluster, memory) : cluster, from, store);
    const platform = platformIn({
      access,
      cluster,
      site,
      plan,
      namespaces: serviceNamespaces(namespaces),
      stores: namespaces.platform,
      own: source.addresses,
      domain: () => domainOf(access, namespaces.platform, `${store}-0`, store),
      signal,
    });
    const forward = async (namespace: string, pod: string, port: number) =>
      resources.use(await forwardTo(access, { namespace, pod, port }));
    return {
      stack,
      access,
      cluster,
      site,
      ports: { memory: memories, platform, progress, log, now, signal },
      from,
      memory,
      source,
      reach: async ({ pod, address }) => {
        const { service, port } = source.place;
        if (pod !== undefined && service !== undefined) return forward(service.namespace, pod, service.podPort);
        return { host: address ?? source.place.host, port };
      },
      reachPod: (pod, port) => forward(namespaces.platform, pod, port),
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}

/** The cluster with the source's Service as it was before the switch. */
function formerly(cluster: Cluster, { place, switch: begun }: Memory): Cluster {
  const { service } = place;
  const before = begun?.serviceBefore;
  if (service === undefined || before === undefined) return cluster;
  return {
    ...cluster,
    async get(type, name, namespace) {
      const found = await cluster.get(type, name, namespace);
      const isIt = type.kind === 'Service' && name === service.name && namespace === service.namespace;
      return found !== undefined && isIt ? { ...found, spec: before } : found;
    },
  };
}
