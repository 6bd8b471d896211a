/** What the cluster's API shows of the platform: its namespaces, and the services that run there, against the newest capture. */
import type { Site } from '../../config/site.ts';
import type { CaptureFacts } from '../../points/point.ts';
import { plural } from '../../report/format.ts';
import { servicesThen } from '../../workloads/objects/workload.ts';
import { type PlatformState, readPlatform, wordsOfNamespace } from '../probes/cluster.ts';
import { serviceOf, strangerOf, tierOf } from '../probes/workloads.ts';
import type { ClusterFinding, ServiceFinding } from './findings.ts';

export interface ClusterInspection {
  readonly cluster: ClusterFinding;
  /** Those that the cluster knows, or knew when it was captured. */
  readonly services: readonly ServiceFinding[];
}

/** `before`: facts of the newest capture of the manifests. Undefined where the environment names no cluster. */
export async function inspectCluster(
  site: Site,
  before: CaptureFacts | undefined,
  signal: AbortSignal,
): Promise<ClusterInspection | undefined> {
  const platform = await readPlatform(site, signal);
  return platform && describePlatform(site, platform, servicesThen(before));
}

function describePlatform(
  site: Pick<Site, 'plan' | 'environment'>,
  platform: PlatformState,
  before: readonly string[],
): ClusterInspection {
  if (platform.kind === 'silent') {
    const server = platform.why === 'unreachable' ? 'down' : 'unknown';
    return { cluster: { server, namespaces: [], facts: [platform.fact] }, services: [] };
  }
  const { namespaces, workloads, describe } = platform;
  const lost = namespaces.filter(({ state }) => state !== 'there').map(wordsOfNamespace);
  const facts = [describe, ...lost, plural(workloads.length, 'workload')];
  return {
    cluster: { server: 'up', namespaces, facts },
    services: [...ofPlan(site, platform, before), ...strangers(site, platform)],
  };
}

type Read = Extract<PlatformState, { readonly kind: 'read' }>;

/** One that has a command is asked by that. One that the cluster never had is no finding. */
function ofPlan(
  { plan, environment }: Pick<Site, 'plan' | 'environment'>,
  { workloads }: Read,
  before: readonly string[],
): ServiceFinding[] {
  const services = plan.tiers.flatMap((tier) => tier.services.map(({ id }) => ({ service: id, tier: tier.id })));
  return services.flatMap(({ service, tier }): ServiceFinding[] => {
    if (environment.services[service]?.health !== undefined) return [];
    const own = workloads.filter(({ match }) => match?.service === service);
    if (own.length > 0) return [{ service, tier, ...serviceOf(own) }];
    if (!before.includes(service)) return [];
    const fact = 'the cluster has no workload of it; the newest capture had one';
    return [{ service, tier, well: false, missing: true, fact }];
  });
}

function strangers({ plan }: Pick<Site, 'plan'>, { workloads }: Read): ServiceFinding[] {
  return workloads
    .filter(({ match }) => match === undefined)
    .map((state) => ({ service: state.name, tier: tierOf(plan, state), ...strangerOf(state) }))
    .filter(({ well }) => well === false);
}
