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
import type { Repository, Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { type DrError, type ExitCode, precondition } from '../core/errors.ts';
import { exitFor } from '../core/exit.ts';
import type { Progress } from '../core/progress.ts';
import { findEngine } from '../engines/find.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { newPointId } from '../points/id.ts';
import type { Capture, FailedWorkload, PointKind, RecoveryPoint } from '../points/point.ts';
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
  /** Points by repository id; a point names the workloads that it lacks. */
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

interface PointDraft {
  readonly repository: Repository;
  readonly captures: readonly Capture[];
  readonly failed: readonly FailedWorkload[];
}

const firstLines = (text: string): string => text.split('\n').slice(0, 4).join('\n');

/** What the repository holds of the run, and why it lacks the rest. Undefined where it holds nothing, or was not reached. */
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
async function writePoints(
  { site, request, id, startedAt, selection }: Run,
  { workloads, repositories }: Captures,
): Promise<{ points: Record<string, RecoveryPoint>; failures: RepositoryFailures }> {
  const points: Record<string, RecoveryPoint> = {};
  const failures = new Map<string, DrError>();
  const tools = await toolVersions();
  for (const outcome of repositories) {
    const draft = draftOf(outcome, workloads);
    if (draft === undefined) continue;
    const { repository, captures, failed } = draft;
    try {
      const catalog = await openCatalog(site, repository, 'writer');
      points[repository.id] = await catalog.write({
        apiVersion: 'go-coffee-dr/v1',
        kind: 'RecoveryPoint',
        id,
        pointKind: request.kind,
        complete: selection.complete && failed.length === 0,
        environment: site.environment.name,
        site: site.environment.site,
        repository: repository.id,
        startedAt: startedAt.toISOString(),
        endedAt: request.now().toISOString(),
        captures: [...captures],
        ...(failed.length === 0 ? {} : { failed: [...failed] }),
        planDigest: site.planDigest,
        tools,
      });
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
  return { points, failures };
}

/** Workloads that this host can't copy now count as failed, without a try. */
function unreadyOutcomes(unready: ReadonlyMap<string, DrError>): WorkloadOutcome[] {
  return [...unready].map(([workload, error]) => ({ workload, captures: new Map(), seconds: 0, error }));
}

/**
 * Throws only for what stops everything (bad input, lock held, no lineage, a fence, no workload that could be tried). A failed workload or
 * a repository that is down is exit 3: the others get their points, which name what they lack. Exit 1 when nothing was copied. An
 * interrupted run writes no point.
 */
export async function runBackup(site: Site, request: BackupRequest): Promise<BackupResult> {
  const selection = selectForBackup(site.plan, site.environment, request.kind, request.only);
  const startedAt = request.now();
  const run: Run = { site, request, id: newPointId(request.kind, startedAt), startedAt, selection };
  const probed = await probeRepositories(site, request.repositories);
  const { repositories: ready, unready } = await checkReady(site, selection.workloads, probed);
  const up = reachable(ready);
  const [down] = errorsOf(ready);
  if (up.length === 0 && down) throw down;
  await refuseFenced(site, up);
  const tried = selection.workloads.filter(({ id }) => !unready.has(id));
  const made = await capture({ ...run, selection: { ...selection, workloads: tried } }, ready);
  const captured = { ...made, workloads: [...made.workloads, ...unreadyOutcomes(unready)] };
  const failed = captured.workloads.some(({ error }) => error !== undefined);
  const interrupted = request.signal?.aborted === true;
  const written = interrupted ? { points: {}, failures: new Map() } : await writePoints(run, captured);
  const repositories = withFailures(captured.repositories, written.failures);
  const partial = failed || errorsOf(repositories).length > 0;
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
    exit: exitFor({ interrupted, failure: Object.keys(written.points).length === 0, partial }),
  };
}

const ENGINES = ['pgbackrest', 'restic', 'redis-server', 'git'] as const;

/** Versions of the engines: a point says with what it was made. */
async function toolVersions(): Promise<Record<string, string>> {
  const found = await Promise.all(ENGINES.map((name) => findEngine(name)));
  const versions = found.flatMap((engine) => (engine ? [[engine.name, engine.version] as const] : []));
  return { node: process.versions.node, ...Object.fromEntries(versions) };
}
