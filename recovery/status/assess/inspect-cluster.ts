/** The platform as its cluster's API shows it: namespaces and services, compared with the newest manifest snapshot. */
import type { Site } from '../../config/site.ts';
import type { CaptureFacts } from '../../points/point.ts';
import { plural } from '../../report/format.ts';
import { servicesThen } from '../../workloads/objects/workload.ts';
import { type PlatformState, readPlatform, wordsOfNamespace } from '../probes/cluster.ts';
import { serviceOf, tierOf, unmappedHealth } from '../probes/workloads.ts';
import type { ClusterFinding, ServiceFinding } from './findings.ts';

export interface ClusterInspection {
  readonly cluster: ClusterFinding;
  /** Those that the cluster runs, or that the newest manifest snapshot holds. */
  readonly services: readonly ServiceFinding[];
}

/** `before`: facts of the newest manifest snapshot. Undefined where the environment names no cluster. */
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
    services: [...ofPlan(site, platform, before), ...unmapped(site, platform)],
  };
}

type Read = Extract<PlatformState, { readonly kind: 'read' }>;

/** A service with a health command is inspected elsewhere. A service that the cluster never had is not a finding. */
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
    const fact = 'the cluster has no workload of it; the newest manifest snapshot has one';
    return [{ service, tier, well: false, missing: true, fact }];
  });
}

function unmapped({ plan }: Pick<Site, 'plan'>, { workloads }: Read): ServiceFinding[] {
  return workloads
    .filter(({ match }) => match === undefined)
    .map((state) => ({ service: state.name, tier: tierOf(plan, state), ...unmappedHealth(state) }))
    .filter(({ well }) => well === false);
}
