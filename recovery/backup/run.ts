/** A backup run: probe → capture in parallel → copy → write the points, last. */
/** Versions of the engines that took part: a point says with what it was made. */

import { type Lineage, readLineage, refuseFenced } from '../config/lineage.ts';
import { probeRepositories, type RepositoryOutcome } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { type DrError, type ExitCode, precondition } from '../core/errors.ts';
import { exitFor } from '../core/exit.ts';
import type { Progress } from '../core/progress.ts';
import { findEngine } from '../engines/find.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { newPointId } from '../points/id.ts';
import type { Capture, PointKind, RecoveryPoint } from '../points/point.ts';
import { backUpFiles, type WorkloadOutcome } from './files.ts';
import { backUpPostgres, type PostgresOutcome } from './postgres.ts';
import { checkReady } from './ready.ts';
import { type Selection, selectForBackup } from './select.ts';

export interface BackupRequest {
  readonly kind: PointKind;
  readonly only: readonly string[];
  readonly repositories: readonly string[];
  readonly progress: Progress;
  readonly now: () => Date;
  readonly signal?: AbortSignal | undefined;
}

export interface BackupResult {
  readonly runId: string;
  readonly kind: PointKind;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Points by repository id; empty when a workload failed. */
  readonly points: Readonly<Record<string, RecoveryPoint>>;
  readonly workloads: readonly (WorkloadOutcome | PostgresOutcome)[];
  readonly repositories: readonly { readonly id: string; readonly error?: DrError }[];
  readonly unconfigured: readonly string[];
  readonly exit: ExitCode;
}

async function lineageFor(site: Site): Promise<Lineage> {
  const lineage = await readLineage(site);
  if (lineage) return lineage;
  throw precondition({
    code: 'NOT-INITIALISED',
    where: site.environment.stateDir,
    fact: 'this host has no lineage yet: its database does not archive to the repositories',
    hint: `run \`dr init --env ${site.file}\` once`,
  });
}

async function capture(
  site: Site,
  request: BackupRequest,
  runId: string,
  selection: Selection,
  repositories: RepositoryOutcome[],
): Promise<(WorkloadOutcome | PostgresOutcome)[]> {
  const { progress, signal, kind } = request;
  const database = selection.workloads.find((w) => w.type === 'postgres');
  const files = selection.workloads.filter((w) => w.type !== 'postgres');
  const common = { run: runId, repositories, progress, signal };
  const lineage = database ? await lineageFor(site) : undefined;
  const [postgres, others] = await Promise.all([
    database && lineage
      ? backUpPostgres(site, { ...common, workload: database, lineage, type: kind === 'full' ? 'full' : 'incr' })
      : undefined,
    files.length > 0 ? backUpFiles(site, { ...common, workloads: files, force: kind === 'full' }) : [],
  ]);
  return postgres ? [postgres, ...others] : others;
}

/** The same id in each repository; each holds its own captures, and only a repository that has all of them gets a point. */
async function writePoints(
  site: Site,
  request: BackupRequest,
  runId: string,
  startedAt: Date,
  selection: Selection,
  outcomes: readonly (WorkloadOutcome | PostgresOutcome)[],
  repositories: readonly RepositoryOutcome[],
): Promise<Record<string, RecoveryPoint>> {
  const points: Record<string, RecoveryPoint> = {};
  const tools = await toolVersions();
  for (const outcome of repositories) {
    if (outcome.error) continue;
    const { repository } = outcome;
    const captures: Capture[] = outcomes.flatMap((o) => o.captures.get(repository.id) ?? []);
    if (captures.length < outcomes.length) continue;
    try {
      const catalog = await openCatalog(site, repository, 'writer');
      points[repository.id] = await catalog.write({
        apiVersion: 'go-coffee-dr/v1',
        kind: 'RecoveryPoint',
        id: runId,
        pointKind: request.kind,
        complete: selection.complete,
        environment: site.environment.name,
        site: site.environment.site,
        repository: repository.id,
        startedAt: startedAt.toISOString(),
        endedAt: request.now().toISOString(),
        captures,
        planDigest: site.planDigest,
        tools,
      });
      request.progress({
        step: `backup/point/${repository.id}`,
        title: `point in ${repository.id}`,
        state: 'done',
        detail: runId,
      });
    } catch (error) {
      outcome.error = asDrError(error, `repository ${repository.id}`);
    }
  }
  return points;
}

const reached = (outcomes: readonly RepositoryOutcome[]): Repository[] =>
  outcomes.flatMap(({ repository, error }) => (error === undefined ? [repository] : []));

/**
 * Throws only for what stops everything (bad input, lock held, no lineage, a fence). A failed workload is exit 1 and writes no point; a
 * repository that is down is exit 3 and the others get theirs.
 */
export async function runBackup(site: Site, request: BackupRequest): Promise<BackupResult> {
  const selection = selectForBackup(site.plan, site.environment, request.kind, request.only);
  const startedAt = request.now();
  const runId = newPointId(request.kind, startedAt);
  const repositories = await probeRepositories(site, request.repositories);
  await checkReady(site, selection.workloads, repositories);
  const down = repositories.flatMap((r) => r.error ?? []);
  if (down.length === repositories.length && down[0]) throw down[0];
  await refuseFenced(site, reached(repositories));
  const workloads = await capture(site, request, runId, selection, repositories);
  const failed = workloads.some((w) => w.error !== undefined);
  const points = failed ? {} : await writePoints(site, request, runId, startedAt, selection, workloads, repositories);
  const partial = repositories.some((r) => r.error !== undefined);
  return {
    runId,
    kind: request.kind,
    startedAt: startedAt.toISOString(),
    endedAt: request.now().toISOString(),
    points,
    workloads,
    repositories: repositories.map(({ repository, error }) => ({ id: repository.id, ...(error ? { error } : {}) })),
    unconfigured: selection.unconfigured,
    exit: exitFor({ failure: failed || Object.keys(points).length === 0, partial }),
  };
}

const ENGINES = ['pgbackrest', 'restic', 'redis-server', 'git'] as const;

async function toolVersions(): Promise<Record<string, string>> {
  const found = await Promise.all(ENGINES.map((name) => findEngine(name)));
  const versions = found.flatMap((engine, i) => (engine ? [[ENGINES[i] ?? '', engine.version] as const] : []));
  return { node: process.versions.node, ...Object.fromEntries(versions) };
}
