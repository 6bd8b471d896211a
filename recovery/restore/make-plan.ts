/** Target and repository → the plan. Reads only. */
import type { Plan, Workload } from '../../plan/types.ts';
import type { Environment } from '../config/environment.ts';
import { isThisHost, readIdentity } from '../config/identity.ts';
import { isConfigured, isConfiguredHere, namedWorkloads } from '../config/selection.ts';
import type { Repository, Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import { readSetLayout } from '../engines/pgbackrest/set-layout.ts';
import { notCopied } from '../points/not-copied.ts';
import type { Origin } from '../points/point.ts';
import type { Resolution } from '../points/resolve/resolve.ts';
import type { ResolvedItem } from '../points/resolve/types.ts';
import { microsOfTarget } from '../points/target.ts';
import { refuseLongPaths } from '../workloads/long-paths.ts';
import { checkHostFits } from '../workloads/postgres/host/host-fits.ts';
import { checkOutside, occupiedOutside } from '../workloads/postgres/host/outside.ts';
import { checkServer, checkWal, lineageNote, type WantedEnd } from '../workloads/postgres/host/preflight.ts';
import { openSource } from '../workloads/postgres/source.ts';
import { destinationOf, destinationState, typeOf } from '../workloads/registry.ts';
import { type RestoreItem, type RestorePlan, setTypeOf, snapshotTypeOf } from '../workloads/restore-plan.ts';
import { chooseRepository } from './choose-repository.ts';
import { blamed, commandFrom } from './elsewhere.ts';
import { madeWithNotes } from './made-with.ts';
import { preflight } from './preflight.ts';
import type { PlanRequest } from './resolve-in.ts';

/** Without --only: all that the environment file configures, but for second forms of the same data. */
export function wantedWorkloads(plan: Plan, environment: Environment, only: readonly string[]): Workload[] {
  if (only.length === 0)
    return plan.workloads.filter((w) => isConfiguredHere(environment, w) && !typeOf(environment, w).onlyByName);
  const named = namedWorkloads(plan, only);
  const lost = named.find((w) => !isConfiguredHere(environment, w));
  if (!lost) return named;
  throw badInput({
    code: 'WORKLOAD-UNCONFIGURED',
    where: '--only',
    fact: `the environment file does not say where "${lost.id}" goes`,
    hint: `add it to ${environment.name}'s environment file, or leave it out`,
  });
}

/** Another host's files can't be laid down from here. Throws `STORE-ELSEWHERE` (exit 2). */
function refuseElsewhere(environment: Environment, workloads: readonly Workload[]): void {
  const places = workloads.map((w) => ({ id: w.id, elsewhere: typeOf(environment, w).elsewhere?.(environment) }));
  const others = places.filter(({ elsewhere }) => elsewhere === undefined).map(({ id }) => id);
  for (const { id, elsewhere } of places) {
    if (elsewhere === undefined) continue;
    const { host, field } = elsewhere;
    throw badInput({
      code: 'STORE-ELSEWHERE',
      where: id,
      fact: `its data directory is on ${host}, and a restore lays files down on this host`,
      hint: `in a cluster a stack makes it anew from a point (recovery.from); on a host of its own: an environment file without ${field}${
        others.length === 0 ? '' : `. The others go from here: --only ${others.join(',')}`
      }`,
    });
  }
}

export function wantedEnd(resolution: Resolution, { mode, place }: ResolvedItem): WantedEnd {
  if (place !== undefined) return { kind: 'place', place, target: resolution.target };
  if (mode === 'immediate') return { kind: 'immediate' };
  if (resolution.target.kind === 'time') return { kind: 'time', time: microsOfTarget(resolution.target) };
  return { kind: 'end-of-wal' };
}

/** Services that are stopped and started: all of the plan that the environment knows, when their data is replaced. */
function servicesOf(site: Site): RestorePlan['services'] {
  return site.plan.tiers.flatMap((tier) =>
    tier.services.filter((s) => site.environment.services[s.id]).map((s) => ({ id: s.id, tier: tier.id })),
  );
}

export interface Planned {
  readonly plan: RestorePlan;
  /** The repository, or a copy of its state at a moment. */
  readonly source: Repository;
}

/**
 * The plan, after its preflight. Throws DrErrors with exit 2, 5 or 6 (`TARGET-…`, `POINT-…`, `WORKLOAD-…`, `REPOSITORY-…`) before anything
 * is touched; what is wrong with the repository names the others that hold the data.
 */
export async function makePlan(site: Site, request: PlanRequest): Promise<Planned> {
  const workloads = wantedWorkloads(site.plan, site.environment, request.only);
  refuseElsewhere(site.environment, workloads);
  const about = { site, choice: request, workloads, command: commandFrom(request) };
  const choose = () => chooseRepository(site, request, workloads);
  const chosen = await blamed({ ...about, repository: request.from }, choose);
  const check = async (): Promise<Planned> => {
    const made = await planOf(site, request, workloads, chosen);
    await preflight(site, made.plan, made.source);
    return made;
  };
  return blamed({ ...about, repository: chosen.repository.id }, check, chosen);
}

/** An environment file that was written anew may have forgotten a workload: `ready` is said of the others. */
function forgottenNote(site: Site, { only }: PlanRequest, { repository, unrequested }: Resolution): string[] {
  const isKnown = (id: string): boolean => {
    const workload = site.plan.workloads.find((w) => w.id === id);
    return workload !== undefined && isConfigured(site.environment, workload);
  };
  const forgotten = only.length > 0 ? [] : unrequested.filter((id) => !isKnown(id));
  if (forgotten.length === 0) return [];
  return [
    `${repository} also holds ${forgotten.join(', ')}: the environment file has no place for it, so it is not restored`,
  ];
}

/** Undefined where the copy was taken of this very host: its original can't run beside it. */
async function whyHeld(site: Site, origin: Origin | undefined): Promise<string | undefined> {
  if (origin === undefined) return 'the copy does not say of which host it is';
  if (await isThisHost(site, origin, await readIdentity(site))) return undefined;
  return `the copy is of ${origin.host}, and not of this installation (its state directory or machine is another)`;
}

async function planOf(
  site: Site,
  request: PlanRequest,
  workloads: readonly Workload[],
  { repository, source, resolution, notes, tools, origins }: Awaited<ReturnType<typeof chooseRepository>>,
): Promise<Planned> {
  const items: RestoreItem[] = [];
  const warnings = [...forgottenNote(site, request, resolution), ...notes, ...resolution.warnings];
  let lastCommit: string | undefined;
  for (const found of resolution.items) {
    const workload = workloads.find((w) => w.id === found.workload);
    if (!workload) continue;
    const { id, title, tier } = workload;
    const { capture, point, skewSeconds } = found;
    const destination = await destinationOf(site, workload, capture);
    const state = await destinationState(site, workload, capture);
    const common = { workload: id, title, tier, point, skewSeconds, destination, state };
    warnings.push(...notCopied(capture).map((line) => `not in the copy of ${id}: ${line}`));
    refuseLongPaths(id, destination, request.id, capture);
    if (capture.engine === 'restic') {
      items.push({ ...common, type: snapshotTypeOf(workload), capture });
      continue;
    }
    const type = setTypeOf(workload);
    await checkServer(site, capture);
    warnings.push(...(await checkHostFits(site, capture)));
    warnings.push(...(await lineageNote(site, capture)));
    const pgb = await openSource({ site, source }, capture);
    const layout = await readSetLayout(pgb, source, { set: capture.set, dataDir: destination });
    await checkOutside(site, destination, layout);
    const outside = await occupiedOutside(capture, layout);
    warnings.push(...outside);
    const reach = await checkWal(site, pgb, { repository: source, capture, wanted: wantedEnd(resolution, found) });
    lastCommit = reach.lastCommit;
    const heldBecause = await whyHeld(site, origins.get(point));
    const held = heldBecause === undefined ? {} : { heldBecause };
    const occupied = outside.length > 0 && state !== 'alive' ? { state: 'occupied' as const } : {};
    items.push({ ...common, ...occupied, type, capture, end: reach.end, walLast: reach.range.last, layout, ...held });
  }
  warnings.push(...(await madeWithNotes(site, items, tools)));
  const stopping = workloads.filter((w) => !typeOf(site.environment, w).servicesKeepRunning).map((w) => w.id);
  const touches = items.some((i) => stopping.includes(i.workload));
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
    ...(request.keepDamaged === true ? { keepDamaged: true as const } : {}),
    bytes: items.reduce((sum, i) => sum + i.capture.bytes, 0),
    warnings,
  };
  return { plan, source };
}
