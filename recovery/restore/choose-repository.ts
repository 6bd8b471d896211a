/** Which repository a restore reads, and what its catalog makes of the target. Reads only. */
import type { Workload } from '../../plan/types.ts';
import { copyView, driveUnmounted, folderIsThere, isDriveUnmounted } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { ignoring } from '../core/absent.ts';
import { badInput, DrError } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { type ChainPlaces, isNewerPoint, placesOf } from '../points/catalog/order.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { unreadableOf } from '../points/catalog/unreadable.ts';
import { type Resolution, resolveTarget } from '../points/resolve/resolve.ts';
import type { Target } from '../points/target.ts';
import { clockSkew, skewText, WARN_SKEW_SECONDS } from '../storage/clock.ts';
import { resolveInSingleCopy } from './single-copy.ts';
import { sourceAsOf } from './source.ts';

export interface Resolved {
  readonly repository: Repository;
  /** The repository itself, a copy of its state at a moment, or one of its off-site copies. */
  readonly source: Repository;
  readonly resolution: Resolution;
  /** In the chain of this repository. */
  readonly order: ChainPlaces;
}

/** What the choice depends on. */
export type Choice = Pick<
  PlanRequest,
  | 'target'
  | 'targetText'
  | 'from'
  | 'repositoryTime'
  | 'allowTampered'
  | 'allowCompromised'
  | 'allowSuspect'
  | 'now'
  | 'progress'
  | 'signal'
>;

/** A region that does not answer must not delay a recovery that another one can make. */
const COMPARE_WITHIN_MS = 10_000;

async function resolveIn(
  site: Site,
  request: Choice,
  repository: Repository,
  workloads: readonly Workload[],
): Promise<Resolved> {
  const { repositoryTime } = request;
  await folderIsThere(repository);
  if (isDriveUnmounted(site, repository)) throw driveUnmounted(site, repository);
  const source = repositoryTime ? await sourceAsOf(site, repository, repositoryTime, request) : repository;
  const catalog = await openCatalog(site, source, 'restorer');
  const { points: entries, problems } = await catalog.review();
  const unreadable = unreadableOf(problems);
  const removed = problems.flatMap(({ newest, point }) => (newest === true && point !== undefined ? [point] : []));
  const { now, warnings } = await nowOf(source, request.now);
  const order = placesOf(entries);
  const resolve = (among: readonly CatalogEntry[]): Resolution =>
    resolveTarget({
      repository: repository.id,
      entries: among,
      unreadable,
      target: request.target,
      workloads: workloads.map((w) => w.id),
      now,
      removed,
      allowTampered: request.allowTampered,
      allowCompromised: request.allowCompromised,
      allowSuspect: request.allowSuspect ?? false,
    });
  const warned = (resolution: Resolution): Resolution => ({
    ...resolution,
    warnings: [...warnings, ...resolution.warnings],
  });
  if (repository.exported !== true) return { repository, source, order, resolution: warned(resolve(entries)) };
  const { point, resolution } = resolveInSingleCopy(entries, resolve);
  return { repository, source: copyView(source, point), order, resolution: warned(resolution) };
}

function newerWorkloads(than: Resolved, other: Resolved): string[] {
  const points = new Map(than.resolution.items.map((item) => [item.workload, item.point]));
  const chains = [other.order, than.order];
  const newer = other.resolution.items.filter(({ workload, point }) => {
    const mine = points.get(workload);
    return mine === undefined || (mine !== point && isNewerPoint(point, mine, chains));
  });
  return newer.map(({ workload }) => workload);
}

/** Now, by the repository's clock where it has one: this host's may be wrong. */
async function nowOf(source: Repository, now: Date): Promise<{ readonly now: Date; readonly warnings: string[] }> {
  const store = await source.store('restorer');
  const skew = (await clockSkew(store)) ?? 0;
  const corrected = new Date(now.getTime() - skew * 1000);
  if (Math.abs(skew) <= WARN_SKEW_SECONDS) return { now: corrected, warnings: [] };
  return {
    now: corrected,
    warnings: [`this host's clock is ${skewText(skew)} that of ${source.id}, which is used`],
  };
}

/** Codes of a repository that was read and does not have the target. */
const LACKS = ['TARGET-UNREACHABLE', 'POINT-UNKNOWN', 'DRIVE-AWAY'];

function refused(error: unknown): DrError {
  if (error instanceof DrError) return error;
  throw error;
}

/** `latest` means the newest copy of all, and the first repository may have missed days of backups. */
async function newest(
  first: Resolved,
  others: readonly { id: string; resolved: Promise<Resolved> }[],
): Promise<{ chosen: Resolved; notes: string[] }> {
  let chosen = first;
  const notes: string[] = [];
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), COMPARE_WITHIN_MS).unref());
  for (const { id, resolved } of others) {
    const other = await Promise.race([resolved.catch(refused), late]);
    if (other === undefined)
      notes.push(`${id} did not answer within ${COMPARE_WITHIN_MS / 1000} s and was not compared`);
    // What it lacks is no news; what can't be read there may be newer than all of this.
    if (other instanceof DrError && !LACKS.includes(other.code)) notes.push(`${id} was not compared: ${other.fact}`);
    if (other === undefined || other instanceof DrError) continue;
    const newer = newerWorkloads(chosen, other);
    if (newer.length === 0) continue;
    const mine = newerWorkloads(other, chosen);
    if (mine.length > 0) {
      notes.push(`${id} holds newer copies of ${newer.join(', ')}: --from ${id} --only ${newer.join(',')}`);
      continue;
    }
    notes.push(`${chosen.repository.id} was passed over: ${id} holds newer copies of ${newer.join(', ')}`);
    chosen = other;
  }
  return { chosen, notes };
}

function nowhere(request: Choice, refusals: readonly { id: string; error: DrError }[]): DrError {
  const [first] = refusals;
  const codes = new Set(refusals.map(({ error }) => error.code));
  if (first && refusals.length === 1) return first.error;
  const fact = refusals.map(({ id, error }) => `${id}: ${error.fact}`).join('\n');
  // The same reason everywhere is that reason; its hint holds the nearest names or the nearest moment.
  if (first && codes.size === 1) {
    const { code, hint, exit } = first.error;
    return new DrError({ code, where: 'target', fact, hint, exit, cause: first.error });
  }
  return badInput({
    code: 'TARGET-NOWHERE',
    where: request.targetText,
    fact: `no repository has it:\n${fact}`,
    hint: '`dr points` lists what there is',
  });
}

/**
 * Named with --from: that one and no other. Otherwise the first in the environment's order that has the target, and why not the ones
 * before; for `latest` a later one that holds newer copies is taken instead.
 */
export async function chooseRepository(
  site: Site,
  request: Choice,
  workloads: readonly Workload[],
): Promise<Resolved & { notes: string[] }> {
  if (request.from !== undefined)
    return { ...(await resolveIn(site, request, site.repository(request.from), workloads)), notes: [] };
  const repositories = [...site.repositories.values()];
  const refusals: { id: string; error: DrError }[] = [];
  for (const [i, repository] of repositories.entries()) {
    try {
      const found = await resolveIn(site, request, repository, workloads);
      const passed = refusals.map(({ id, error }) => `${id} was passed over: ${error.fact}`);
      if (request.target.kind !== 'latest' || request.repositoryTime) return { ...found, notes: passed };
      const others = repositories.slice(i + 1).map((other) => {
        const resolved = resolveIn(site, request, other, workloads);
        resolved.catch(ignoring('`newest` reports it when it compares'));
        return { id: other.id, resolved };
      });
      const { chosen, notes } = await newest(found, others);
      return { ...chosen, notes: [...passed, ...notes] };
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      refusals.push({ id: repository.id, error });
    }
  }
  throw nowhere(request, refusals);
}

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
  /** Move the data directory of PostgreSQL aside instead of overwriting it. @default false */
  readonly keepDamaged?: boolean;
  /** @default false */
  readonly allowSuspect?: boolean | undefined;
  readonly declaredAt: Date;
  readonly now: Date;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}
