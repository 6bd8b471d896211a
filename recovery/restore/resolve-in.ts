/** What one repository's catalog makes of a target. Reads only. */
import type { Workload } from '../../plan/types.ts';
import { copyView, driveUnmounted, folderIsThere, isDriveUnmounted } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { locateTarget } from '../engines/pgbackrest/records/locate.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { type ChainPlaces, isNewerPoint, placesOf } from '../points/catalog/order.ts';
import type { CatalogEntry, CatalogProblem } from '../points/catalog/types.ts';
import { unreadableOf } from '../points/catalog/unreadable.ts';
import { marksElsewhere } from '../points/marks-elsewhere.ts';
import type { Origin } from '../points/point.ts';
import { type Resolution, resolveTarget } from '../points/resolve/resolve.ts';
import type { Place } from '../points/resolve/types.ts';
import { formatTarget, isWalTarget, type Target } from '../points/target.ts';
import { NO_MARKS, unreadNotes, withMarksElsewhere } from '../points/verdicts.ts';
import { clockSkew, skewText, WARN_SKEW_SECONDS } from '../storage/clock.ts';
import type { Tools } from './made-with.ts';
import { resolveInSingleCopy } from './single-copy.ts';
import { sourceAsOf } from './source.ts';

/** What a person asked for. */
export interface Asked {
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
}

export interface PlanRequest extends Asked {
  readonly id: string;
  readonly target: Target;
  readonly now: Date;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface Resolved {
  readonly repository: Repository;
  /** The repository itself, a copy of its state at a moment, or one of its off-site copies. */
  readonly source: Repository;
  readonly resolution: Resolution;
  /** In the chain of this repository. */
  readonly order: ChainPlaces;
  /** What each point of this repository was made with. */
  readonly tools: Tools;
  /** Which host made each point; absent in those of version 0.1. */
  readonly origins: ReadonlyMap<string, Origin | undefined>;
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

const RECEIVED = 'postgres-wal';

/**
 * True where PostgreSQL itself finds the target, in WAL that was received from an external server. Throws `TARGET-OF-EXTERNAL` (exit 2) for
 * what has no place in it.
 */
export function isOfReceived(
  { environment }: Pick<Site, 'environment'>,
  target: Target,
  workloads: readonly Workload[],
): boolean {
  const server = environment.external?.postgres;
  if (server === undefined || !isWalTarget(target)) return false;
  const others = workloads.filter(({ type }) => type !== RECEIVED).map(({ id }) => id);
  if (server.wal !== undefined && workloads.length > 0 && others.length === 0) return true;
  const what = formatTarget(target);
  throw badInput({
    code: 'TARGET-OF-EXTERNAL',
    where: 'target',
    fact:
      server.wal === undefined
        ? `${what} is a place in the WAL, and of external.postgres there are dumps alone`
        : `${what} is a place in the WAL of external.postgres, which says nothing about ${others.join(', ')}`,
    hint:
      server.wal === undefined
        ? 'take a point or a time (`dr points`); external.postgres.wal receives the WAL from then on'
        : 'take the database by itself: --only postgres-wal; the others by a time',
  });
}

/** Undefined for a target that the catalog alone resolves. */
async function placeOf(
  site: Site,
  { target, progress, signal }: Choice,
  read: { readonly repository: Repository; readonly entries: readonly CatalogEntry[]; readonly now: Date },
): Promise<Place | undefined> {
  return isWalTarget(target) ? locateTarget(site, { ...read, target, progress, signal }) : undefined;
}

export async function resolveIn(
  site: Site,
  request: Choice,
  repository: Repository,
  workloads: readonly Workload[],
): Promise<Resolved> {
  const { repositoryTime } = request;
  const received = isOfReceived(site, request.target, workloads);
  await folderIsThere(site, repository);
  if (isDriveUnmounted(site, repository)) throw driveUnmounted(site, repository);
  const source = repositoryTime ? await sourceAsOf(site, repository, repositoryTime, request) : repository;
  const catalog = await openCatalog(site, source, 'restorer');
  const { points, problems, ...goneHere } = await catalog.review();
  const others = repositoryTime ? NO_MARKS : await marksElsewhere(site, repository);
  const own = { ...goneHere, entries: points };
  const { entries, compromisedGone } = withMarksElsewhere(own, others);
  const unreadable = unreadableOf(problems);
  const isAccepted = ({ kind }: CatalogProblem): boolean => kind === 'tampered' && request.allowTampered;
  const removed = problems.flatMap((found) => (found.newest && found.point && !isAccepted(found) ? [found.point] : []));
  const { now, warnings } = await nowOf(source, request.now);
  const order = placesOf(entries);
  const tools = new Map(entries.map(({ point }) => [point.id, point.tools]));
  const origins = new Map(entries.map(({ point }) => [point.id, point.origin]));
  const wal =
    repository.exported === true || received
      ? undefined
      : await placeOf(site, request, { repository: source, entries, now });
  const resolve = (among: readonly CatalogEntry[]): Resolution =>
    resolveTarget({
      place: wal,
      received,
      repository: repository.id,
      entries: among,
      unreadable,
      target: request.target,
      workloads: workloads.map((w) => w.id),
      now,
      removed,
      compromisedGone,
      allowTampered: request.allowTampered,
      allowCompromised: request.allowCompromised,
      allowSuspect: request.allowSuspect ?? false,
    });
  const warned = (resolution: Resolution): Resolution => ({
    ...resolution,
    warnings: [...warnings, ...unreadNotes(others), ...resolution.warnings],
  });
  if (repository.exported !== true)
    return { repository, source, order, tools, origins, resolution: warned(resolve(entries)) };
  const { point, resolution } = resolveInSingleCopy(entries, resolve);
  return { repository, source: copyView(source, point), order, tools, origins, resolution: warned(resolution) };
}

/** What is to be compared: which point each workload comes from, and the order of points where it is known. */
export interface Compared {
  readonly resolution: { readonly items: readonly { readonly workload: string; readonly point: string }[] };
  readonly order: ChainPlaces;
}

/** Workloads of which `other` has newer copies, or the only ones. */
export function newerWorkloads(than: Compared, other: Compared): string[] {
  const points = new Map(than.resolution.items.map((item) => [item.workload, item.point]));
  const chains = [other.order, than.order];
  const newer = other.resolution.items.filter(({ workload, point }) => {
    const mine = points.get(workload);
    return mine === undefined || (mine !== point && isNewerPoint(point, mine, chains));
  });
  return newer.map(({ workload }) => workload);
}
