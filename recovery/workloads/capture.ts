/** What captures of several types share: the hooks around them, their staging folders, work that is done once a run. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../plan/types.ts';
import { hooksOf } from '../config/selection.ts';
import type { Site } from '../config/site.ts';
import { makePassableFolder } from '../core/account.ts';
import { DrError, EXIT } from '../core/errors.ts';
import type { CaptureRun } from './workload.ts';

/** Stands for all that the API holds: it is read once, for several workloads. */
export const CLUSTER = 'kubernetes';

/** Long enough to write out a large memory; nobody waits for a hook that hangs. */
const HOOK_SECONDS = 600;
/** What a post hook undoes must not stay, so it runs after a signal too, but nobody waits long for it then. */
const HOOK_SECONDS_AFTER_SIGNAL = 5;

/** A failing pre hook fails the workload before anything is read; after one that had to be ended the post hook runs. So does a failing post hook: what it should undo stays done. */
export async function runHook(
  site: Site,
  workload: Workload | typeof CLUSTER,
  when: 'pre' | 'post',
  signal?: AbortSignal,
): Promise<void> {
  const hooks = workload === CLUSTER ? site.environment.kubernetes?.hooks : hooksOf(site.environment, workload);
  const id = workload === CLUSTER ? CLUSTER : workload.id;
  const argv = hooks?.[when];
  if (argv === undefined) return;
  const limit = hooks?.timeoutSeconds ?? HOOK_SECONDS;
  const stopped = signal?.aborted === true || site.signal?.aborted === true;
  const ends =
    when === 'post' && stopped
      ? { cleansUp: true, timeoutSeconds: Math.min(limit, HOOK_SECONDS_AFTER_SIGNAL) }
      : { signal, timeoutSeconds: limit };
  try {
    await site.run(argv, { ...ends, env: { DR_WORKLOAD: id, DR_HOOK: when }, keep: 'ends' });
  } catch (cause) {
    const interrupted = cause instanceof DrError && cause.exit === EXIT.interrupted;
    const late = cause instanceof DrError && cause.code === 'ENGINE-TIMEOUT';
    // One that was ended half-way could not undo what it has begun.
    if (when === 'pre' && (interrupted || late)) await undo(site, workload, signal);
    if (interrupted) throw cause;
    throw new DrError({
      code: 'HOOK-FAILED',
      where: `${when} hook of ${id}`,
      fact: `${cause instanceof DrError ? cause.fact : String(cause)}${late ? ' (hooks.timeoutSeconds in dr.yaml)' : ''}`,
      hint: `run it by hand: ${argv.join(' ')}`,
      cause,
    });
  }
}

/** What the post hook says of it only helps: the pre hook's failure is the one to report. */
async function undo(site: Site, workload: Workload | typeof CLUSTER, signal: AbortSignal | undefined): Promise<void> {
  try {
    await runHook(site, workload, 'post', signal);
  } catch (error) {
    site.log.warn({ error: String(error) }, 'the post hook failed too');
  }
}

export const nothing = async (): Promise<void> => undefined;

/** One fixed folder a workload, so that restic finds its files in the parent snapshot. */
export async function freshFolder(site: Site, workload: Workload): Promise<string> {
  const folder = join(site.environment.stateDir, 'staging', workload.id);
  await rm(folder, { recursive: true, force: true });
  await makePassableFolder(join(site.environment.stateDir, 'staging'));
  return folder;
}

export function discard(folder: string): () => Promise<void> {
  return () => rm(folder, { recursive: true, force: true });
}

/** `work` for the first who asks in a run; all who ask share its result. A failure is shared by those who wait for it, and then forgotten. */
export function oncePerRun<T>(
  work: (site: Site, run: CaptureRun) => Promise<T>,
): (site: Site, run: CaptureRun) => Promise<T> {
  const results = new WeakMap<CaptureRun, Promise<T>>();
  return (site, run) => {
    const known = results.get(run);
    if (known !== undefined) return known;
    const result = work(site, run).catch((error: unknown) => {
      results.delete(run);
      throw error;
    });
    results.set(run, result);
    return result;
  };
}
