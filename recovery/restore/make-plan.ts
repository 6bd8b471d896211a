/** Target and repository → the plan. Reads only. */
import type { Plan, Workload } from '../../plan/types.ts';
import { type Environment, isElsewhere } from '../config/environment.ts';
import { isConfigured, isFromCluster, namedWorkloads } from '../config/selection.ts';
import type { Repository, Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import type { Resolution } from '../points/resolve/resolve.ts';
import { checkServer, checkWal, lineageNote, type WantedEnd } from '../workloads/postgres/preflight.ts';
import { openSource } from '../workloads/postgres/source.ts';
import { destinationOf, destinationState } from '../workloads/registry.ts';
import type { RestoreItem, RestorePlan } from '../workloads/restore-plan.ts';
import { chooseRepository, type PlanRequest } from './choose-repository.ts';

/** Services need not stop for these. */
const QUIET: readonly string[] = ['git', 'images', 'postgres-dump', 'postgres-config'];

/** Without --only: all that the environment has a place for. The logical dump comes back only when it is named. */
function wantedWorkloads(plan: Plan, environment: Environment, only: readonly string[]): Workload[] {
  if (only.length === 0)
    return plan.workloads.filter((w) => isConfigured(environment, w) && w.type !== 'postgres-dump');
  const named = namedWorkloads(plan, only);
  const lost = named.find((w) => !isConfigured(environment, w));
  if (!lost) return named;
  throw badInput({
    code: 'WORKLOAD-UNCONFIGURED',
    where: '--only',
    fact: `the environment file does not say where "${lost.id}" goes`,
    hint: `add it to ${environment.name}'s environment file, or leave it out`,
  });
}

/** Another host's files can't be laid down from here. Throws `STORE-ELSEWHERE` (exit 2). */
function refuseElsewhere({ postgres, redis }: Environment, workloads: readonly Workload[]): void {
  const stores = [
    { type: 'postgres', settings: postgres, field: 'postgres.tls' },
    { type: 'redis', settings: redis, field: 'redis.transfer' },
  ] as const;
  for (const { type, settings, field } of stores) {
    const workload = workloads.find((w) => w.type === type);
    if (workload === undefined || settings === undefined || !isElsewhere(settings)) continue;
    const others = workloads.filter((w) => w.type !== 'postgres' && w.type !== 'redis').map((w) => w.id);
    throw badInput({
      code: 'STORE-ELSEWHERE',
      where: workload.id,
      fact: `its data directory is on ${settings.host}, and a restore lays files down on this host`,
      hint: `in a cluster a stack makes it anew from a point (recovery.from); on a host of its own: an environment file without ${field}${
        others.length === 0 ? '' : `. The others go from here: --only ${others.join(',')}`
      }`,
    });
  }
}

function wantedEnd(resolution: Resolution, mode: string | undefined): WantedEnd {
  if (mode === 'immediate') return { kind: 'immediate' };
  if (resolution.target.kind === 'time') return { kind: 'time', time: resolution.target.time };
  return { kind: 'end-of-wal' };
}

/** Services that are stopped and started: all of the plan that the environment knows, when their data is replaced. */
function servicesOf(site: Site): RestorePlan['services'] {
  return site.plan.tiers.flatMap((tier) =>
    tier.services.filter((s) => site.environment.services[s.id]).map((s) => ({ id: s.id, tier: tier.id })),
  );
}

/** Throws DrErrors with exit 2 (`TARGET-…`, `POINT-…`, `WORKLOAD-…`, `REPOSITORY-…`) before anything is touched. */
export async function makePlan(site: Site, request: PlanRequest): Promise<{ plan: RestorePlan; source: Repository }> {
  const workloads = wantedWorkloads(site.plan, site.environment, request.only);
  refuseElsewhere(site.environment, workloads);
  const { repository, source, resolution, notes } = await chooseRepository(site, request, workloads);
  const items: RestoreItem[] = [];
  const warnings = [...notes, ...resolution.warnings];
  let lastCommit: string | undefined;
  for (const found of resolution.items) {
    const workload = workloads.find((w) => w.id === found.workload);
    if (!workload) continue;
    const { id, type, title, tier } = workload;
    const { capture, point, skewSeconds } = found;
    const common = { workload: id, type, title, tier, capture, point, skewSeconds };
    const place = { destination: destinationOf(site, workload), state: await destinationState(site, workload) };
    if (capture.engine !== 'pgbackrest') {
      items.push({ ...common, ...place });
      continue;
    }
    await checkServer(site, capture);
    warnings.push(...(await lineageNote(site, capture)));
    const pgb = await openSource({ site, source }, capture);
    const reach = await checkWal(site, pgb, source, capture, wantedEnd(resolution, found.mode));
    lastCommit = reach.lastCommit.toISOString();
    items.push({ ...common, ...place, end: reach.end, walLast: reach.range.last });
  }
  const quiet = workloads.filter((w) => QUIET.includes(w.type) || isFromCluster(site.environment, w)).map((w) => w.id);
  const touches = items.some((i) => !quiet.includes(i.workload));
  const plan: RestorePlan = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'RestorePlan',
    id: request.id,
    environment: site.environment.name,
    site: site.environment.site,
    repository: repository.id,
    ...(request.repositoryTime ? { repositoryTime: request.repositoryTime.toISOString() } : {}),
    target: request.targetText,
    declaredAt: request.declaredAt.toISOString(),
    items: items.sort((a, b) => a.tier.localeCompare(b.tier)),
    missing: [...resolution.missing],
    services: touches ? servicesOf(site) : [],
    touchesServices: touches,
    ...(lastCommit === undefined ? {} : { lastCommit }),
    bytes: items.reduce((sum, i) => sum + i.capture.bytes, 0),
    warnings,
  };
  return { plan, source };
}
