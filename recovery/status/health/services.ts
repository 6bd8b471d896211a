/** Health of the plan's services: stores are queried directly, others by their health command or through the cluster. */
import type { Tier } from '../../../plan/types.ts';
import type { Site } from '../../config/site.ts';
import { stores } from '../../workloads/registry.ts';
import type { HealthCheck } from '../../workloads/workload.ts';
import { type PlatformState, wordsOfNamespace } from '../probes/cluster.ts';
import { askService, type ServiceHealth } from '../probes/service.ts';
import { isHealthy, serviceOf, tierOf, unmappedHealth } from '../probes/workloads.ts';

type Service = Tier['services'][number];

const hasCommand = (site: Site, id: string): boolean => site.environment.services[id]?.health !== undefined;

/** `platform`: undefined where no cluster is named. */
async function serviceHealth(
  site: Site,
  id: string,
  platform: PlatformState | undefined,
  signal?: AbortSignal,
): Promise<ServiceHealth> {
  if (platform === undefined || hasCommand(site, id)) return askService(site, id, signal);
  if (platform.kind === 'silent') return { well: undefined, fact: 'the cluster does not answer' };
  return serviceOf(platform.workloads.filter(({ match }) => match?.service === id));
}

async function checkStore(site: Site, id: string): Promise<HealthCheck[]> {
  const own = stores().filter(({ service }) => service === id);
  return (await Promise.all(own.map(({ checks }) => checks(site)))).flat();
}

export async function checkService(
  site: Site,
  { id, title }: Service,
  platform: PlatformState | undefined,
  signal: AbortSignal | undefined,
): Promise<HealthCheck[]> {
  const stores = await checkStore(site, id);
  if (stores.length > 0 && !hasCommand(site, id)) return stores;
  const { well, fact } = await serviceHealth(site, id, platform, signal);
  return [...stores, { id: `service/${id}`, title, ok: well, fact }];
}

/** Whether the stores answer and PostgreSQL leads, which services need. Without archiving: that needs the repositories too. */
export async function checkStores(site: Site, { services }: Tier): Promise<HealthCheck[]> {
  const checks = await Promise.all(services.map(({ id }) => checkStore(site, id)));
  return checks.flat().filter(({ id }) => id !== 'postgres/archiving');
}

/** Workloads of this tier that belong to no service of the plan. */
export function checkUnmapped(site: Site, tier: Tier, platform: PlatformState | undefined): HealthCheck[] {
  if (platform?.kind !== 'read') return [];
  const own = platform.workloads.filter((state) => state.match === undefined && tierOf(site.plan, state) === tier.id);
  return own.map((state) => {
    const { well, fact } = unmappedHealth(state);
    return { id: `workload/${state.name.replace(' ', '/')}`, title: state.name, ok: well, fact };
  });
}

export function checkCluster(platform: PlatformState | undefined): HealthCheck[] {
  if (platform === undefined) return [];
  const check = { id: 'kubernetes', title: 'The cluster answers' };
  if (platform.kind === 'silent') return [{ ...check, ok: false, fact: platform.fact }];
  const { namespaces, workloads, describe } = platform;
  const lost = namespaces.filter(({ state }) => state !== 'there');
  const ready = `${workloads.filter(isHealthy).length} of ${workloads.length} workloads ready`;
  const fact = lost.length > 0 ? lost.map(wordsOfNamespace).join('; ') : ready;
  return [{ ...check, ok: lost.length === 0, fact: `${describe}: ${fact}` }];
}
