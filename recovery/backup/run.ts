/** A backup run: probe → capture in parallel → copy → write the points, last. */
import { layout } from '../../plan/layout.ts';
import type { Workload } from '../../plan/types.ts';
import { type Lineage, readLineage } from '../config/lineage.ts';
import { errorsOf, probeRepositories, reachable, withFailures } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { hasBug } from '../core/as-dr-error.ts';
import { type DrError, type ExitCode, precondition } from '../core/errors.ts';
import { exitFor } from '../core/exit.ts';
import { refuseFenced } from '../points/fence.ts';
import { newPointId } from '../points/id.ts';
import { isWhole } from '../points/lacking.ts';
import type { PointKind, RecoveryPoint } from '../points/point.ts';
import { readLock } from '../storage/lock.ts';
import { openStateStore } from '../storage/posix/store.ts';
import { typeOf } from '../workloads/registry.ts';
import { backUpFiles } from './files.ts';
import type { WorkloadOutcome } from './outcome.ts';
import { parentsOf } from './parents.ts';
import { type Begun, begin, clockWarnings, NOTHING_WRITTEN, type Written, writePoints } from './points.ts';
import { backUpPostgres, detached } from './postgres.ts';
import { checkReady } from './ready.ts';
import type { BackupRequest, Captures, Run } from './request.ts';
import { selectForBackup } from './select.ts';
import type { Catalogs } from './stranger.ts';
import { restoresBegun } from './suspects.ts';
import { whileRegistered } from './writers.ts';

export type { BackupRequest } from './request.ts';

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
  /** For people: suspect captures, a wrong clock. */
  readonly warnings: readonly string[];
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

const parentsIn = (catalogs: Catalogs) => new Map([...catalogs].map(([id, entries]) => [id, parentsOf(entries)]));

/** The database and the files at the same time. What either of them learns of a repository is folded in when both have ended. */
async function capture({ site, request, id, selection }: Run, begun: Begun): Promise<Captures> {
  const { progress, signal, kind } = request;
  const { repositories: ready, catalogs } = begun;
  const isStaged = (workload: Workload) => typeOf(site.environment, workload).capture !== undefined;
  const database = selection.workloads.find((workload) => !isStaged(workload));
  const files = selection.workloads.filter(isStaged);
  const common = { run: id, kind, progress, signal };
  const lineage = database ? await lineageFor(site) : undefined;
  const repositories = lineage ? withFailures(ready, detached(lineage, ready)) : ready;
  const [postgres, others] = await Promise.all([
    database && lineage
      ? backUpPostgres(site, {
          ...common,
          repositories,
          workload: database,
          lineage,
          catalogs,
          type: kind === 'full' ? 'full' : 'incr',
        })
      : undefined,
    files.length > 0
      ? backUpFiles(
          site,
          { ...common, workloads: files, parents: kind === 'full' ? new Map() : parentsIn(catalogs) },
          reachable(repositories),
        )
      : undefined,
  ]);
  return {
    workloads: [...(postgres ? [postgres.outcome] : []), ...(others?.outcomes ?? [])],
    repositories: withFailures(repositories, new Map([...(others?.failures ?? []), ...(postgres?.failures ?? [])])),
    warnings: postgres?.warnings ?? [],
  };
}

/** Half of a restore is no copy of anything. Throws `RESTORE-RUNNING` (exit 6). */
async function refuseDuringRestore(site: Site, before?: ReadonlySet<string>): Promise<void> {
  const { name, site: own, stateDir } = site.environment;
  const holder = await readLock(openStateStore(stateDir), layout(name).lock(`restore-${own}`));
  const begun = before && [...(await restoresBegun(site))].find((each) => !before.has(each));
  if (holder === undefined && begun === undefined) return;
  const who = holder ? `${holder.holder} (${holder.what}) since ${holder.since}` : begun;
  throw precondition({
    code: 'RESTORE-RUNNING',
    where: `site ${own}`,
    fact: before ? `a restore began while this backup ran: ${who}` : `it is being restored: ${who}`,
    hint: 'no point was written; back up when the restore has ended',
  });
}

/** Workloads that this host can't copy now count as failed, without a try. */
function unreadyOutcomes(unready: ReadonlyMap<string, DrError>): WorkloadOutcome[] {
  return [...unready].map(([workload, error]) => ({ workload, captures: new Map(), seconds: 0, error }));
}

/**
 * Throws only for what stops everything (bad input, lock held, no lineage, a fence, a stranger, a restore, no workload that could be
 * tried). A failed workload is exit 3 and so is a repository that is down: the points name what they lack. So is a suspect capture or a
 * wrong clock. Exit 1 when nothing was copied, and for a bug, which takes no other workload's copy. An interrupted run writes no point.
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
  const before = await restoresBegun(site);
  await refuseDuringRestore(site);
  const { id } = run;
  const { progress, signal } = request;
  const writer = { id, what: `dr backup --kind ${request.kind}`, progress, signal };
  return whileRegistered(site, ready, writer, async (outcomes, lost) => {
    const begun = await begin(site, outcomes, startedAt);
    const tried = { ...selection, workloads: selection.workloads.filter((each) => !unready.has(each.id)) };
    const made = await capture({ ...run, selection: tried, request: { ...request, signal: lost } }, begun);
    const captured = { ...made, workloads: [...made.workloads, ...unreadyOutcomes(unready)] };
    await refuseDuringRestore(site, before);
    const written = lost?.aborted === true ? NOTHING_WRITTEN : await writePoints(run, captured, begun);
    return resultOf(run, captured, {
      ...written,
      warnings: [...clockWarnings(begun.skews), ...captured.warnings, ...written.warnings],
    });
  });
}

function resultOf({ id, request, startedAt, selection }: Run, captured: Captures, written: Written): BackupResult {
  const { points, failures, warnings } = written;
  const repositories = withFailures(captured.repositories, failures);
  const failed = captured.workloads.some(({ error }) => error !== undefined);
  const isSmaller = captured.workloads.some(({ captures }) => [...captures.values()].some((each) => !isWhole(each)));
  const bug = hasBug([...captured.workloads.map(({ error }) => error), ...errorsOf(repositories)]);
  return {
    runId: id,
    kind: request.kind,
    startedAt: startedAt.toISOString(),
    endedAt: request.now().toISOString(),
    points,
    workloads: captured.workloads,
    repositories: repositories.map((each) => ({
      id: each.repository.id,
      ...(each.state === 'down' ? { error: each.error } : {}),
    })),
    unconfigured: selection.unconfigured,
    warnings,
    exit: exitFor({
      interrupted: request.signal?.aborted === true,
      failure: Object.keys(points).length === 0 || bug,
      partial: failed || isSmaller || errorsOf(repositories).length > 0 || warnings.length > 0,
    }),
  };
}
