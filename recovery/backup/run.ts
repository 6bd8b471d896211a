/** A backup run: probe → capture in parallel → copy → write the points, last. */
import type { Workload } from '../../plan/types.ts';
import { type Lineage, readLineage, refuseFenced } from '../config/lineage.ts';
import {
  errorsOf,
  probeRepositories,
  type RepositoryFailures,
  type RepositoryOutcome,
  reachable,
  withFailures,
} from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { type DrError, type ExitCode, precondition } from '../core/errors.ts';
import { exitFor } from '../core/exit.ts';
import type { Progress } from '../core/progress.ts';
import { findEngine } from '../engines/find.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { newPointId } from '../points/id.ts';
import type { PointKind, RecoveryPoint } from '../points/point.ts';
import { typeOf } from '../workloads/registry.ts';
import { backUpFiles } from './files.ts';
import type { WorkloadOutcome } from './outcome.ts';
import { backUpPostgres, detached } from './postgres.ts';
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
  readonly workloads: readonly WorkloadOutcome[];
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

interface Run {
  readonly site: Site;
  readonly request: BackupRequest;
  readonly id: string;
  readonly startedAt: Date;
  readonly selection: Selection;
}

interface Captures {
  readonly workloads: readonly WorkloadOutcome[];
  readonly repositories: readonly RepositoryOutcome[];
}

/** The database and the files at the same time. What either of them learns of a repository is folded in when both have ended. */
async function capture({ site, request, id, selection }: Run, ready: readonly RepositoryOutcome[]): Promise<Captures> {
  const { progress, signal, kind } = request;
  const isStaged = (workload: Workload) => typeOf(site.environment, workload).capture !== undefined;
  const database = selection.workloads.find((workload) => !isStaged(workload));
  const files = selection.workloads.filter(isStaged);
  const common = { run: id, progress, signal };
  const lineage = database ? await lineageFor(site) : undefined;
  const repositories = lineage ? withFailures(ready, detached(lineage, ready)) : ready;
  const [postgres, others] = await Promise.all([
    database && lineage
      ? backUpPostgres(site, {
          ...common,
          repositories,
          workload: database,
          lineage,
          type: kind === 'full' ? 'full' : 'incr',
        })
      : undefined,
    files.length > 0
      ? backUpFiles(site, { ...common, workloads: files, force: kind === 'full' }, reachable(repositories))
      : undefined,
  ]);
  return {
    workloads: [...(postgres ? [postgres.outcome] : []), ...(others?.outcomes ?? [])],
    repositories: withFailures(repositories, new Map([...(others?.failures ?? []), ...(postgres?.failures ?? [])])),
  };
}

/** The same id in each repository; each holds its own captures, and only a repository that has all of them gets a point. */
async function writePoints(
  { site, request, id, startedAt, selection }: Run,
  { workloads, repositories }: Captures,
): Promise<{ points: Record<string, RecoveryPoint>; failures: RepositoryFailures }> {
  const points: Record<string, RecoveryPoint> = {};
  const failures = new Map<string, DrError>();
  const tools = await toolVersions();
  for (const repository of reachable(repositories)) {
    const captures = workloads.flatMap((outcome) => outcome.captures.get(repository.id) ?? []);
    if (captures.length < workloads.length) continue;
    try {
      const catalog = await openCatalog(site, repository, 'writer');
      points[repository.id] = await catalog.write({
        apiVersion: 'go-coffee-dr/v1',
        kind: 'RecoveryPoint',
        id,
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
        detail: id,
      });
    } catch (error) {
      failures.set(repository.id, asDrError(error, `repository ${repository.id}`));
    }
  }
  return { points, failures };
}

/**
 * Throws only for what stops everything (bad input, lock held, no lineage, a fence). A failed workload is exit 1 and writes no point; a
 * repository that is down is exit 3 and the others get theirs.
 */
export async function runBackup(site: Site, request: BackupRequest): Promise<BackupResult> {
  const selection = selectForBackup(site.plan, site.environment, request.kind, request.only);
  const startedAt = request.now();
  const run: Run = { site, request, id: newPointId(request.kind, startedAt), startedAt, selection };
  const probed = await probeRepositories(site, request.repositories);
  const ready = await checkReady(site, selection.workloads, probed);
  const up = reachable(ready);
  const [down] = errorsOf(ready);
  if (up.length === 0 && down) throw down;
  await refuseFenced(site, up);
  const captured = await capture(run, ready);
  const failed = captured.workloads.some(({ error }) => error !== undefined);
  const written = failed ? { points: {}, failures: new Map() } : await writePoints(run, captured);
  const repositories = withFailures(captured.repositories, written.failures);
  const partial = errorsOf(repositories).length > 0;
  return {
    runId: run.id,
    kind: request.kind,
    startedAt: startedAt.toISOString(),
    endedAt: request.now().toISOString(),
    points: written.points,
    workloads: captured.workloads,
    repositories: repositories.map((each) => ({
      id: each.repository.id,
      ...(each.state === 'down' ? { error: each.error } : {}),
    })),
    unconfigured: selection.unconfigured,
    exit: exitFor({ failure: failed || Object.keys(written.points).length === 0, partial }),
  };
}

const ENGINES = ['pgbackrest', 'restic', 'redis-server', 'git'] as const;

/** Versions of the engines: a point says with what it was made. */
async function toolVersions(): Promise<Record<string, string>> {
  const found = await Promise.all(ENGINES.map((name) => findEngine(name)));
  const versions = found.flatMap((engine) => (engine ? [[engine.name, engine.version] as const] : []));
  return { node: process.versions.node, ...Object.fromEntries(versions) };
}
