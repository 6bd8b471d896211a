/** Target and repository → the plan. Reads only. */

import type { Plan, Workload } from '../../plan/types.ts';
import { isConfigured, namedWorkloads } from '../backup/select.ts';
import { openCatalog } from '../catalog.ts';
import type { Environment } from '../environment.ts';
import { badInput, DrError } from '../errors.ts';
import type { Progress } from '../ports.ts';
import { type Resolution, resolveTarget } from '../resolve.ts';
import type { Repository, Site } from '../site.ts';
import type { Target } from '../target.ts';
import { destinationOf, destinationState } from './destination.ts';
import type { RestoreItem, RestorePlan } from './plan-types.ts';
import { sourceAsOf } from './source.ts';
import { openSource } from './steps/postgres.ts';
import { checkWal, type WantedEnd } from './wal-check.ts';

export interface PlanRequest {
  readonly id: string;
  readonly target: Target;
  /** As the person wrote it. */
  readonly targetText: string;
  readonly from?: string | undefined;
  readonly only: readonly string[];
  readonly repositoryTime?: Date | undefined;
  readonly allowTampered: boolean;
  readonly allowCompromised: boolean;
  readonly declaredAt: Date;
  readonly now: Date;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

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

interface Resolved {
  readonly repository: Repository;
  readonly source: Repository;
  readonly resolution: Resolution;
}

async function resolveIn(
  site: Site,
  request: PlanRequest,
  repository: Repository,
  workloads: readonly Workload[],
): Promise<Resolved> {
  const { repositoryTime } = request;
  const source = repositoryTime
    ? await sourceAsOf(site, repository, repositoryTime, request.progress, request.signal)
    : repository;
  const catalog = await openCatalog(site, source, 'restorer');
  const resolution = resolveTarget({
    repository: repository.id,
    entries: await catalog.points(),
    target: request.target,
    workloads: workloads.map((w) => w.id),
    now: request.now,
    allowTampered: request.allowTampered,
    allowCompromised: request.allowCompromised,
  });
  return { repository, source, resolution };
}

/** Named with --from: that one and no other. Otherwise the first in the environment's order that has the target, and why not the ones before. */
async function chooseRepository(
  site: Site,
  request: PlanRequest,
  workloads: readonly Workload[],
): Promise<Resolved & { passed: string[] }> {
  if (request.from !== undefined)
    return { ...(await resolveIn(site, request, site.repository(request.from), workloads)), passed: [] };
  const passed: string[] = [];
  let first: unknown;
  for (const repository of site.repositories.values()) {
    try {
      return { ...(await resolveIn(site, request, repository, workloads)), passed };
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      first ??= error;
      passed.push(`${repository.id} was passed over: ${error.fact}`);
    }
  }
  if (passed.length === 1) throw first;
  throw badInput({
    code: 'TARGET-NOWHERE',
    where: request.targetText,
    fact: `no repository has it:\n${passed.join('\n')}`,
    hint: '`dr points` lists what there is',
  });
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
  const { repository, source, resolution, passed } = await chooseRepository(site, request, workloads);
  const items: RestoreItem[] = [];
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
    const pgb = await openSource({ site, source }, capture);
    const reach = await checkWal(site, pgb, source, capture, wantedEnd(resolution, found.mode));
    lastCommit = reach.lastCommit.toISOString();
    items.push({ ...common, ...place, end: reach.end, walLast: reach.range.last });
  }
  const touches = items.some((i) => !['git', 'images', 'postgres-dump', 'postgres-config'].includes(i.type));
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
    warnings: [...passed, ...resolution.warnings],
  };
  return { plan, source };
}
