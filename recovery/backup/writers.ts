/** A backup run registers itself in each repository that it writes to: nobody prunes there until it has ended. */
import { type RepositoryFailures, type RepositoryOutcome, reachable, withFailures } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { ignoring } from '../core/absent.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { type DrError, EXIT } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import type { Lock } from '../storage/lock.ts';
import { withHeldLock } from '../storage/with-lock.ts';
import { forgetWriter, registerWriter } from '../storage/writers.ts';

export interface WriterRun {
  readonly id: string;
  /** `dr backup --kind full` */
  readonly what: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** A prune of some hundred points takes minutes. */
const WAIT_SECONDS = 600;

type Registered = readonly [repository: Repository, lock: Lock];

async function register(site: Site, repository: Repository, run: WriterRun): Promise<Registered | DrError> {
  const { id, what, signal } = run;
  try {
    const store = await repository.store('writer');
    const registration = { id, what, waitSeconds: WAIT_SECONDS, signal };
    return [repository, await registerWriter(store, repository.layout, registration)];
  } catch (error) {
    const failure = asDrError(error, `repository ${repository.id}`);
    if (failure.exit === EXIT.interrupted) throw failure;
    site.log.warn({ repository: repository.id, error: failure.message }, 'the run could not be registered');
    return failure;
  }
}

/** `work` gets the repositories again: one that is being pruned for too long, or takes no lock, is down. Its signal ends with a lost lock. */
export async function whileRegistered<T>(
  site: Site,
  outcomes: readonly RepositoryOutcome[],
  run: WriterRun,
  work: (outcomes: readonly RepositoryOutcome[], signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const tried = await Promise.all(
    reachable(outcomes).map(async (repository) => [repository, await register(site, repository, run)] as const),
  );
  const registered = tried.flatMap(([, made]) => ('code' in made ? [] : [made]));
  const failures: RepositoryFailures = new Map(
    tried.flatMap(([{ id }, made]) => ('code' in made ? [[id, made] as const] : [])),
  );
  const up = withFailures(outcomes, failures);
  const signals = run.signal === undefined ? [] : [run.signal];
  return holdAll(registered, run.id, signals, (all) => work(up, all.length === 0 ? undefined : AbortSignal.any(all)));
}

async function holdAll<T>(
  registered: readonly Registered[],
  id: string,
  signals: AbortSignal[],
  work: (signals: AbortSignal[]) => Promise<T>,
): Promise<T> {
  const [first, ...rest] = registered;
  if (first === undefined) return work(signals);
  const [repository, lock] = first;
  try {
    return await withHeldLock(lock, (_, lost) => holdAll(rest, id, [...signals, lost], work));
  } finally {
    await forgetWriter(await repository.store('writer'), repository.layout, id, lock).catch(
      ignoring('the entry expires with its lock'),
    );
  }
}
