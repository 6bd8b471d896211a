/** Writes the points of a run, last: who wrote them, by which clock, after which others, and what is suspect in them. */
import { ensureIdentity, originOf } from '../config/identity.ts';
import { type RepositoryFailures, type RepositoryOutcome, reachable, withFailures } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { rememberFolder } from '../config/used-folders.ts';
import { asDrError } from '../core/as-dr-error.ts';
import type { DrError } from '../core/errors.ts';
import { programVersion } from '../core/version.ts';
import { findEngine } from '../engines/find.ts';
import { openCatalog, rememberCatalogs } from '../points/catalog/catalog.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { isWhole } from '../points/lacking.ts';
import type { Capture, FailedWorkload, Origin, RecoveryPoint } from '../points/point.ts';
import { clockSkew, skewText, WARN_SKEW_SECONDS } from '../storage/clock.ts';
import { originForMover } from './mover.ts';
import type { WorkloadOutcome } from './outcome.ts';
import type { Captures, Run } from './request.ts';
import { type Catalogs, readCatalogs, refuseStranger } from './stranger.ts';
import { markSuspects } from './suspects.ts';

/** Says what the run found about its own clock: the points keep the host's dates, and the chain keeps their order. */
export function clockWarnings(skews: ReadonlyMap<string, number | undefined>): string[] {
  const [first] = [...skews].filter(([, skew]) => skew !== undefined && Math.abs(skew) > WARN_SKEW_SECONDS);
  if (first === undefined) return [];
  const [repository, skew = 0] = first;
  return [
    `this host's clock is ${skewText(skew)} that of ${repository}: set it right (timedatectl); this point is dated by it`,
  ];
}

async function skewsOf(repositories: readonly Repository[]): Promise<Map<string, number | undefined>> {
  const skew = async (repository: Repository) =>
    [repository.id, await clockSkew(await repository.store('writer'))] as const;
  return new Map(await Promise.all(repositories.map(skew)));
}

export interface Begun {
  /** Those that can say whose points they hold; the others are down. */
  readonly repositories: readonly RepositoryOutcome[];
  readonly catalogs: Catalogs;
  readonly skews: ReadonlyMap<string, number | undefined>;
  readonly origin: Origin;
}

/** The highest number in the catalog when the run began. */
function headOf(entries: readonly CatalogEntry[] = []): number {
  return entries.reduce((highest, { outline }) => Math.max(highest, outline.sequence ?? 0), 0);
}

export interface Written {
  readonly points: Record<string, RecoveryPoint>;
  readonly failures: RepositoryFailures;
  readonly warnings: readonly string[];
}

export const NOTHING_WRITTEN: Written = { points: {}, failures: new Map(), warnings: [] };

interface PointDraft {
  readonly repository: Repository;
  readonly captures: readonly Capture[];
  readonly failed: readonly FailedWorkload[];
}

const firstLines = (text: string): string => text.split('\n').slice(0, 4).join('\n');

/** What the repository holds of the run, and why it lacks the rest. Undefined where it holds nothing. */
function draftOf(outcome: RepositoryOutcome, workloads: readonly WorkloadOutcome[]): PointDraft | undefined {
  const { repository } = outcome;
  const captures: Capture[] = [];
  const failed: FailedWorkload[] = [];
  for (const { workload, captures: made, error } of workloads) {
    const capture = made.get(repository.id);
    const reason = error ?? (outcome.state === 'down' ? outcome.error : undefined);
    if (capture !== undefined && error === undefined) captures.push(capture);
    else if (reason !== undefined) failed.push({ workload, code: reason.code, fact: firstLines(reason.fact) });
    else failed.push({ workload, code: 'NOT-COPIED', fact: `it was not copied to ${repository.id}` });
  }
  return captures.length === 0 ? undefined : { repository, captures, failed };
}

/** The same id in each repository; each point says what its repository holds of the run, and what it lacks. */
export async function writePoints(
  { site, request, id, startedAt, selection }: Run,
  { workloads, repositories }: Captures,
  { catalogs, skews, origin }: Begun,
): Promise<Written> {
  const points: Record<string, RecoveryPoint> = {};
  const failures = new Map<string, DrError>();
  const warnings: string[] = [];
  const tools = await toolVersions();
  for (const outcome of repositories) {
    const draft = draftOf(outcome, workloads);
    if (draft === undefined) continue;
    const { repository, captures: made, failed } = draft;
    try {
      const entries = catalogs.get(repository.id) ?? [];
      const captures = await markSuspects(site, made, entries);
      const catalog = await openCatalog(site, repository, 'writer');
      const skewSeconds = skews.get(repository.id);
      points[repository.id] = await catalog.write({
        apiVersion: 'go-coffee-dr/v1',
        kind: 'RecoveryPoint',
        id,
        pointKind: request.kind,
        complete: selection.complete && failed.length === 0 && captures.every(isWhole),
        environment: site.environment.name,
        site: site.environment.site,
        origin,
        repository: repository.id,
        startedAt: startedAt.toISOString(),
        endedAt: request.now().toISOString(),
        after: headOf(entries),
        ...(skewSeconds === undefined ? {} : { skewSeconds }),
        captures,
        ...(failed.length === 0 ? {} : { failed: [...failed] }),
        planDigest: site.planDigest,
        tools,
      });
      for (const { workload, suspect } of captures)
        if (suspect !== undefined)
          warnings.push(
            `${workload} in ${repository.id} is suspect: ${suspect}. \`latest\` stays with the one before; if this one is right: dr points mark ${id} clean`,
          );
      request.progress({
        step: `backup/point/${repository.id}`,
        title: `point in ${repository.id}`,
        state: 'done',
        detail: failed.length === 0 ? id : `${id}, without ${failed.map(({ workload }) => workload).join(', ')}`,
      });
    } catch (error) {
      failures.set(repository.id, asDrError(error, `repository ${repository.id}`));
    }
  }
  const written = reachable(repositories).filter(({ id: repository }) => points[repository] !== undefined);
  // A host that was set up by an older version has no record yet.
  for (const repository of written) await rememberFolder(site, repository, request.now());
  await rememberCatalogs(site, written, { role: 'writer', now: request.now() });
  return { points, failures, warnings };
}

async function originFor(site: Site, catalogs: Catalogs, now: Date): Promise<Origin> {
  if (site.environment.mover === true) return originForMover(site, catalogs);
  await refuseStranger(site, catalogs);
  return originOf(await ensureIdentity(site, now));
}

/**
 * What is known before a byte is copied: whose points these are, and by which clock. Throws `SITE-STRANGER`, `POSTGRES-OTHER-CLUSTER`
 * or `MOVER-TOO-EARLY` (exit 6).
 */
export async function begin(site: Site, outcomes: readonly RepositoryOutcome[], now: Date): Promise<Begun> {
  const { catalogs, failures } = await readCatalogs(site, reachable(outcomes));
  const repositories = withFailures(outcomes, failures);
  const origin = await originFor(site, catalogs, now);
  return { repositories, catalogs, skews: await skewsOf(reachable(repositories)), origin };
}

const ENGINES = ['pgbackrest', 'restic', 'redis-server', 'git'] as const;

/** Versions of the engines: a point says with what it was made. */
async function toolVersions(): Promise<Record<string, string>> {
  const found = await Promise.all(ENGINES.map((name) => findEngine(name)));
  const versions = found.flatMap((engine) => (engine ? [[engine.name, engine.version] as const] : []));
  return { dr: programVersion(), node: process.versions.node, ...Object.fromEntries(versions) };
}
