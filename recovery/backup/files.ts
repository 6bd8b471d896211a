/** Everything that restic holds: staged in parallel, backed up once, then copied to the other repositories. */
import pMap from 'p-map';
import pRetry from 'p-retry';
import { layout } from '../../plan/layout.ts';
import type { Workload } from '../../plan/types.ts';
import type { RepositoryOutcome } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { DrError, EXIT } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { type Backed, backupPath, copySnapshots, snapshotMissing, snapshotsOfRun } from '../engines/restic/actions.ts';
import type { Snapshot } from '../engines/restic/output.ts';
import { openRestic, type Restic } from '../engines/restic/restic.ts';
import type { ResticCapture } from '../points/point.ts';
import { acquireLock } from '../storage/lock.ts';
import { openPosixStore } from '../storage/posix/store.ts';
import { holding } from '../storage/while-locked.ts';
import { runHook } from '../workloads/capture.ts';
import { typeOf } from '../workloads/registry.ts';
import type { CaptureRun, Staged } from '../workloads/workload.ts';

/** Engines mostly wait for disk and network; more at once only makes them wait for each other. */
const AT_ONCE = 3;
/** A lock of a dead process is seen as such at once on this host. */
const TURN_SECONDS = 120;

export interface FilesRequest {
  readonly run: string;
  readonly workloads: readonly Workload[];
  readonly repositories: readonly RepositoryOutcome[];
  /** Read every file again, whatever its times say. */
  readonly force: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface WorkloadOutcome {
  readonly workload: string;
  /** By repository id. */
  readonly captures: ReadonlyMap<string, ResticCapture>;
  readonly seconds: number;
  readonly error?: DrError;
}

interface Work extends FilesRequest {
  /** Shared by all workloads. */
  readonly shared: CaptureRun;
}

interface Target {
  readonly restic: Restic;
  readonly outcome: RepositoryOutcome;
}

interface Captured {
  readonly facts: ResticCapture['facts'];
  readonly backed: Backed;
  readonly path: string;
}

function toCapture(workload: string, captured: Captured, snapshot: Snapshot): ResticCapture {
  return {
    workload,
    engine: 'restic',
    snapshot: snapshot.id,
    digest: snapshot.tree,
    path: captured.path,
    capturedAt: new Date(snapshot.time).toISOString(),
    bytes: captured.backed.bytes,
    objects: captured.backed.files,
    facts: captured.facts,
  };
}

/** A quarter-hourly run of Redis may meet the full one: they share its staging folder and its server, so they take turns. */
async function captureInTurn(
  site: Site,
  request: Work,
  workload: Workload,
  targets: readonly Target[],
): Promise<Map<string, Captured>> {
  const store = openPosixStore(site.environment.stateDir);
  const key = layout(site.environment.name).lock(`capture-${workload.id}`);
  const lock = await pRetry(
    () => acquireLock(store, key, { ttlSeconds: TURN_SECONDS, what: `capture ${workload.id} (${request.run})` }),
    {
      retries: TURN_SECONDS * 5,
      minTimeout: 200,
      maxTimeout: 200,
      factor: 1,
      ...(request.signal ? { signal: request.signal } : {}),
      shouldRetry: ({ error }) => error instanceof DrError && error.code === 'LOCKED',
    },
  );
  return holding(lock, TURN_SECONDS, (_, lost) => {
    // A pod that was frozen for longer than its lock lasts must not write into the folder of its successor.
    const signal = request.signal === undefined ? lost : AbortSignal.any([request.signal, lost]);
    return captureOne(site, { ...request, signal }, workload, targets);
  });
}

/** Whose fault is it? A repository that is full, shut or gone must not keep the others from getting their copy. */
async function isRepositorysFault(restic: Restic, error: unknown): Promise<boolean> {
  if (!(error instanceof DrError) || error.exit === EXIT.interrupted) return false;
  if (['PASSPHRASE-WRONG', 'REPOSITORY-UNREACHABLE', 'DISK-FULL'].includes(error.code)) return true;
  return !(await restic.exists().catch(() => false));
}

async function captureOne(
  site: Site,
  request: Work,
  workload: Workload,
  targets: readonly Target[],
): Promise<Map<string, Captured>> {
  const { run, force, progress, signal, shared } = request;
  const step = `backup/${workload.id}`;
  await runHook(site, workload, 'pre', signal);
  let staged: Staged | undefined;
  try {
    staged = await typeOf(site.environment, workload).capture?.(site, workload, { run: shared, signal });
    if (staged === undefined) throw new TypeError(`restic holds nothing of ${workload.id}`);
    const captures = new Map<string, Captured>();
    const tags = [`workload=${workload.id}`, `run=${run}`, `site=${site.environment.site}`];
    const host = site.environment.site;
    const onFraction = (fraction: number) =>
      progress({ step, title: workload.title, tier: workload.tier, state: 'progress', fraction });
    for (const { restic, outcome } of targets) {
      if (outcome.error) continue;
      try {
        const { path, exclude } = staged;
        const backed = await backupPath(restic, { path, exclude, tags, host, force, onFraction, signal });
        captures.set(restic.repository.id, { facts: staged.facts, backed, path: staged.path });
      } catch (error) {
        if (!(await isRepositorysFault(restic, error))) throw error;
        outcome.error ??= asDrError(error, `repository ${restic.repository.id}`);
      }
    }
    return captures;
  } finally {
    await staged?.remove();
    await runHook(site, workload, 'post', signal);
  }
}

/** Snapshots in the other repositories have ids of their own; their trees must be those of the first. */
async function copyTo(
  site: Site,
  request: FilesRequest,
  source: Restic,
  outcome: RepositoryOutcome,
  made: Map<string, Map<string, ResticCapture>>,
): Promise<void> {
  const { repository } = outcome;
  const first = [...made.values()].flatMap((captures) => captures.get(source.repository.id) ?? []);
  const step = `backup/copy/${repository.id}`;
  request.progress({ step, title: `copy files to ${repository.id}`, state: 'start' });
  try {
    const target = openRestic(site, repository, 'writer');
    await copySnapshots(
      source,
      target,
      first.map((capture) => capture.snapshot),
      request.signal,
    );
    const there = await snapshotsOfRun(target, request.run);
    for (const capture of first) {
      const copy = there.get(capture.workload);
      if (copy?.tree !== capture.digest) {
        throw new DrError({
          code: 'COPY-DIFFERS',
          where: `${capture.workload} in ${repository.id}`,
          fact: copy
            ? `tree ${copy.tree} there, ${capture.digest} at the source`
            : 'restic ended 0 and the snapshot is not there',
          hint: `run \`dr verify --repository ${repository.id}\` and the backup again`,
        });
      }
      made.get(capture.workload)?.set(repository.id, { ...capture, snapshot: copy.id });
    }
    request.progress({ step, title: `copy files to ${repository.id}`, state: 'done' });
  } catch (error) {
    outcome.error = asDrError(error, `repository ${repository.id}`);
    request.progress({ step, title: `copy files to ${repository.id}`, state: 'failed', detail: outcome.error.message });
  }
}

/** Gives each capture its snapshot's full id and tree. */
async function nameCaptures(
  request: FilesRequest,
  targets: readonly Restic[],
  captured: ReadonlyMap<string, Map<string, Captured>>,
): Promise<Map<string, Map<string, ResticCapture>>> {
  const named = new Map([...captured.keys()].map((workload) => [workload, new Map<string, ResticCapture>()] as const));
  for (const restic of targets) {
    if (captured.size === 0) break;
    const snapshots = await snapshotsOfRun(restic, request.run);
    for (const [workload, by] of captured) {
      const one = by.get(restic.repository.id);
      if (!one) continue;
      const snapshot = snapshots.get(workload);
      if (!snapshot) throw snapshotMissing(restic, workload);
      named.get(workload)?.set(restic.repository.id, toCapture(workload, one, snapshot));
    }
  }
  return named;
}

/**
 * restic can copy out of a folder repository; where none is reachable, each workload is backed up into every repository.
 * Failures of a repository are noted in its outcome, failures of a workload in the result.
 */
export async function backUpFiles(site: Site, request: FilesRequest): Promise<WorkloadOutcome[]> {
  const { progress, workloads } = request;
  const up = request.repositories.filter((r) => r.error === undefined);
  if (up.length === 0) return workloads.map((w) => ({ workload: w.id, captures: new Map(), seconds: 0 }));
  const folder = up.find((r) => r.repository.settings.type === 'posix');
  const direct = folder ? [folder] : up;
  const targets = direct.map((outcome) => ({ restic: openRestic(site, outcome.repository, 'writer'), outcome }));
  const captured = new Map<string, Map<string, Captured>>();
  const work = { ...request, shared: { signal: request.signal } };
  const results = await pMap(
    workloads,
    async (workload) => {
      const { title, tier } = workload;
      const step = `backup/${workload.id}`;
      const begun = performance.now();
      progress({ step, title, tier, state: 'start' });
      try {
        captured.set(workload.id, await captureInTurn(site, work, workload, targets));
        progress({ step, title, tier, state: 'done' });
        return { workload: workload.id, seconds: (performance.now() - begun) / 1000 };
      } catch (error) {
        const failure = asDrError(error, `workload ${workload.id}`);
        progress({ step, title, tier, state: 'failed', detail: failure.message });
        return { workload: workload.id, seconds: (performance.now() - begun) / 1000, error: failure };
      }
    },
    { concurrency: AT_ONCE },
  );
  // The folder that the others would have been copied from failed: they are written directly, from the beginning.
  if (direct.every((r) => r.error) && direct.length < up.length) return backUpFiles(site, request);
  const written = targets.filter(({ outcome }) => !outcome.error).map(({ restic }) => restic);
  const made = await nameCaptures(request, written, captured);
  const [source] = written;
  if (folder && source && made.size > 0) {
    const others = up.filter((r) => r !== folder);
    await Promise.all(others.map((outcome) => copyTo(site, request, source, outcome, made)));
  }
  return results.map((result) => ({ ...result, captures: made.get(result.workload) ?? new Map() }));
}
