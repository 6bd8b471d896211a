/** Prunes several repositories: plan, ask, lock, plan again, execute. */
import { rm } from 'node:fs/promises';
import { layout } from '../../plan/layout.ts';
import { presentRepositories } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { type DrError, EXIT, type ExitCode, precondition } from '../core/errors.ts';
import { exitFor } from '../core/exit.ts';
import type { Progress } from '../core/progress.ts';
import { pruneLock } from '../storage/alone.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStateStore } from '../storage/posix/store.ts';
import { withLock } from '../storage/with-lock.ts';
import { pruningLock, refuseWriters } from '../storage/writers.ts';
import { executePrune } from './execute.ts';
import { isCurrent, planRepository, pruneFolder } from './plan.ts';
import type { PruneOutcome, RepositoryPlan } from './types.ts';

export interface PruneRequest {
  readonly repositories: readonly string[];
  readonly dryRun: boolean;
  readonly now: () => Date;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Called before points are removed; throws when the person says no. */
  readonly approve: (plans: readonly RepositoryPlan[]) => Promise<void>;
}

export interface PruneResult {
  readonly outcomes: readonly PruneOutcome[];
  readonly exit: ExitCode;
}

interface Key {
  readonly store: ObjectStore;
  readonly key: string;
}

/** Takes all locks or none. `lost`: a signal for each lock, aborted when another process takes it over. */
async function whileAllLocked<T>(
  keys: readonly Key[],
  what: string,
  work: (lost: readonly AbortSignal[]) => Promise<T>,
  lost: readonly AbortSignal[] = [],
): Promise<T> {
  const [first, ...rest] = keys;
  if (first === undefined) return work(lost);
  return withLock(first.store, first.key, { what }, (_, signal) => whileAllLocked(rest, what, work, [...lost, signal]));
}

/** Excludes every backup of this host, anybody who prunes or verifies the repository, and backups of other hosts that begin now. */
async function locksFor(site: Site, repository: Repository): Promise<Key[]> {
  const host = openStateStore(site.environment.stateDir);
  const own = layout(site.environment.name);
  const names = [...new Set(['backup', ...site.plan.schedules.map(({ lock }) => lock)])];
  const store = await repository.store('writer');
  const shared = [pruneLock(repository.layout), pruningLock(repository.layout)].map((key) => ({ store, key }));
  return [...names.map((name) => ({ store: host, key: own.lock(name) })), ...shared];
}

async function attempt<T>(repository: Repository, work: () => Promise<T>): Promise<T | DrError> {
  try {
    return await work();
  } catch (error) {
    rethrowBug(error);
    const failure = asDrError(error, `repository ${repository.id}`);
    if (failure.exit === EXIT.interrupted) throw failure;
    return failure;
  }
}

/** Each restore, export and mark that comes meanwhile costs a round. */
const ROUNDS = 5;

/**
 * Since the approval a restore may have leased a point, or somebody may have marked one `hold`: these stay. A plan takes a while to make, so
 * both are read once more after it. Whoever comes later sees the lock, waits for this prune, and looks whether its points are still there.
 */
async function currentPlan(
  site: Site,
  repository: Repository,
  { now }: PruneRequest,
  only: ReadonlySet<string>,
): Promise<RepositoryPlan> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const at = now();
    const plan = await planRepository(site, repository, at, only);
    if (await isCurrent(site, repository, at, { plan, only })) return plan;
  }
  throw precondition({
    code: 'PRUNE-BUSY',
    where: `repository ${repository.id}`,
    fact: `its leases and marks changed ${ROUNDS} times while the prune was planned`,
    hint: 'prune when fewer restores run; nothing was removed',
  });
}

async function pruneOne(
  site: Site,
  repository: Repository,
  approved: RepositoryPlan,
  request: PruneRequest,
): Promise<PruneOutcome> {
  const { progress, signal } = request;
  const keys = await locksFor(site, repository);
  const plan = await whileAllLocked(keys, `dr prune (${repository.id})`, async (lost) => {
    await refuseWriters(await repository.store('writer'), repository.layout);
    const plan = await currentPlan(site, repository, request, new Set(approved.remove));
    const ended = AbortSignal.any([...(signal ? [signal] : []), ...lost]);
    await executePrune(site, repository, plan, { progress, signal: ended });
    return plan;
  });
  return { repository: repository.id, plan };
}

/**
 * Exit 3 when a repository can't be pruned, or its catalog can't be trusted; the others are pruned all the same. Throws what
 * `approve` throws, `REPOSITORY-UNKNOWN`, and the first error when no repository could be pruned.
 */
export async function runPrune(site: Site, request: PruneRequest): Promise<PruneResult> {
  const named = request.repositories.map((id) => site.repository(id));
  const repositories = named.length > 0 ? named : presentRepositories(site);
  try {
    return await pruneAll(site, repositories, request);
  } finally {
    await rm(pruneFolder(site), { recursive: true, force: true });
  }
}

async function pruneAll(site: Site, repositories: readonly Repository[], request: PruneRequest): Promise<PruneResult> {
  const planned: { repository: Repository; plan: RepositoryPlan | DrError }[] = [];
  for (const repository of repositories) {
    const plan = await attempt(repository, () => planRepository(site, repository, request.now()));
    planned.push({ repository, plan });
  }
  const plans = planned.flatMap(({ plan }) => ('points' in plan ? [plan] : []));
  if (!request.dryRun && plans.some(({ remove }) => remove.length > 0)) await request.approve(plans);
  const outcomes: PruneOutcome[] = [];
  for (const { repository, plan } of planned) {
    if (!('points' in plan)) outcomes.push({ repository: repository.id, error: plan });
    else if (request.dryRun) outcomes.push({ repository: repository.id, plan });
    else {
      const done = await attempt(repository, () => pruneOne(site, repository, plan, request));
      outcomes.push('repository' in done ? done : { repository: repository.id, error: done });
    }
  }
  const failures = outcomes.flatMap(({ error }) => error ?? []);
  if (failures[0] && failures.length === outcomes.length) throw failures[0];
  const doubted = outcomes.some(({ plan }) => (plan?.warnings.length ?? 0) > 0);
  return { outcomes, exit: exitFor({ partial: failures.length > 0 || doubted }) };
}
