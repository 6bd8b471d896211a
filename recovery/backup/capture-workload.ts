/** One workload of restic's: staged once, then written to each repository of a pass. */
import { layout } from '../../plan/layout.ts';
import type { Workload } from '../../plan/types.ts';
import type { Site } from '../config/site.ts';
import { ignoring } from '../core/absent.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { DrError, EXIT } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { type Backed, backupPath } from '../engines/restic/actions.ts';
import type { Restic } from '../engines/restic/restic.ts';
import type { PointKind, ResticCapture } from '../points/point.ts';
import { LOCK_SECONDS } from '../storage/lock.ts';
import { openStateStore } from '../storage/posix/store.ts';
import { waitForLock, withHeldLock } from '../storage/with-lock.ts';
import { runHook } from '../workloads/capture.ts';
import { typeOf } from '../workloads/registry.ts';
import type { CaptureRun, Staged } from '../workloads/workload.ts';
import type { Parents } from './parents.ts';

export interface FilesRequest {
  readonly kind?: PointKind;
  readonly run: string;
  readonly workloads: readonly Workload[];
  /** By repository id: the snapshots that files are compared with. A repository that is absent has every file read again. */
  readonly parents: ReadonlyMap<string, Parents>;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** The repositories that the workloads of a pass are written to, and what went wrong with them so far. */
export interface Pass extends FilesRequest {
  readonly targets: readonly Restic[];
  /** Shared by all workloads. */
  readonly shared: CaptureRun;
  /** By repository id. The workloads that follow skip a target that has failed. */
  readonly failures: Map<string, DrError>;
}

export interface Captured {
  readonly facts: ResticCapture['facts'];
  readonly backed: Backed;
  readonly path: string;
}

/** A quarter-hourly run of Redis may meet the full one: they share its staging folder and its server, so one waits for the other. */
export async function captureWorkload(site: Site, pass: Pass, workload: Workload): Promise<Map<string, Captured>> {
  const store = openStateStore(site.environment.stateDir);
  const key = layout(site.environment.name).lock(`capture-${workload.id}`);
  const lock = await waitForLock(store, key, {
    what: `capture ${workload.id} (${pass.run})`,
    // Long enough for the lock of a run that died on another host to expire.
    waitSeconds: LOCK_SECONDS,
    everySeconds: 0.2,
    signal: pass.signal,
  });
  return withHeldLock(lock, (_, lost) => {
    // A pod that was frozen for longer than its lock lasts must not write into the folder of its successor.
    const signal = pass.signal === undefined ? lost : AbortSignal.any([pass.signal, lost]);
    return stageAndWrite(site, { ...pass, signal }, workload);
  });
}

/** A repository that is full, locked, damaged or unreachable must not keep the others from getting their copy. */
async function isFaultOfRepository(restic: Restic, error: unknown): Promise<boolean> {
  if (!(error instanceof DrError) || error.exit === EXIT.interrupted) return false;
  if (['PASSPHRASE-WRONG', 'REPOSITORY-UNREACHABLE', 'REPOSITORY-DAMAGED', 'DISK-FULL'].includes(error.code))
    return true;
  return !(await restic.exists().catch(ignoring('a repository that can’t be asked is the one at fault')));
}

async function stageAndWrite(site: Site, pass: Pass, workload: Workload): Promise<Map<string, Captured>> {
  const { signal } = pass;
  await runHook(site, workload, 'pre', signal);
  let staged: Staged | undefined;
  try {
    staged = await typeOf(site.environment, workload).capture?.(site, workload, { run: pass.shared, signal });
    if (staged === undefined) throw new TypeError(`restic holds nothing of ${workload.id}`);
    return await writeStaged(site, pass, workload, staged);
  } finally {
    await staged?.remove();
    await runHook(site, workload, 'post', signal);
  }
}

async function writeStaged(site: Site, pass: Pass, workload: Workload, staged: Staged): Promise<Map<string, Captured>> {
  const { run, parents, progress, signal, targets, failures } = pass;
  const { path, exclude, facts } = staged;
  const { id, title, tier } = workload;
  const host = site.environment.site;
  const tags = [`workload=${id}`, `run=${run}`, `site=${host}`];
  const onFraction = (fraction: number) => progress({ step: `backup/${id}`, title, tier, state: 'progress', fraction });
  const captures = new Map<string, Captured>();
  for (const restic of targets) {
    const repository = restic.repository.id;
    if (failures.has(repository)) continue;
    const parent = parents.get(repository)?.get(id);
    try {
      const backed = await backupPath(restic, { path, exclude, tags, host, parent, onFraction, signal });
      captures.set(repository, { facts, backed, path });
    } catch (error) {
      if (!(await isFaultOfRepository(restic, error))) throw error;
      // Another workload may have met the same fault: the first error stays.
      if (!failures.has(repository)) failures.set(repository, asDrError(error, `repository ${repository}`));
    }
  }
  return captures;
}
