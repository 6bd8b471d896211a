/**
 * Who writes to a repository at the moment. Backups may run side by side; a prune must be alone, whatever host it runs on. So each
 * backup registers itself in the repository and then looks for a prune, and a prune says that it runs and then looks for backups: at
 * least one of the two sees the other.
 */
import { basename } from 'node:path';
import type { Layout } from '../../plan/layout.ts';
import type { DrError } from '../core/errors.ts';
import { poll } from '../core/poll.ts';
import { acquireLock, type Lock, lockHeld, readLock } from './lock.ts';
import type { ObjectStore } from './object-store.ts';

const WRITER = 'writer-';

/** The lock that a prune, and whatever else removes copies, holds meanwhile. */
export function pruningLock(layout: Layout): string {
  return layout.lock('pruning');
}

export interface Registration {
  /** Unique: the run's id. */
  readonly id: string;
  /** Shown to a prune: `dr backup --kind full`. */
  readonly what: string;
  /** After this long with a prune at work: `LOCKED`. */
  readonly waitSeconds: number;
  readonly signal?: AbortSignal | undefined;
}

const ASK_SECONDS = 1;

/** Waits for a prune. Throws `LOCKED` (exit 6) with its holder when the time is up, and what the store throws. */
export async function registerWriter(store: ObjectStore, layout: Layout, registration: Registration): Promise<Lock> {
  const { id, what, waitSeconds, signal } = registration;
  const lock = await acquireLock(store, layout.lock(`${WRITER}${id}`), { what });
  try {
    await untilNotPruning(store, layout, { waitSeconds, signal });
    return lock;
  } catch (error) {
    await forgetWriter(store, layout, id, lock);
    throw error;
  }
}

export interface PruneWait {
  readonly waitSeconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once where something is being removed there; the error names who does it. */
  readonly onWait?: ((held: DrError) => void) | undefined;
}

/** Waits while somebody removes something there. Throws `LOCKED` (exit 6) with its holder when the time is up. */
export async function untilNotPruning(
  store: ObjectStore,
  layout: Layout,
  { waitSeconds, signal, onWait }: PruneWait,
): Promise<void> {
  const key = pruningLock(layout);
  let said = false;
  const { answer, accepted } = await poll(
    { seconds: waitSeconds, everySeconds: ASK_SECONDS, signal },
    async () => {
      const holder = await readLock(store, key);
      if (holder !== undefined && !said) onWait?.(lockHeld(key, holder, new Date()));
      said ||= holder !== undefined;
      return holder;
    },
    (holder) => holder === undefined,
  );
  if (!accepted) throw lockHeld(key, answer, new Date());
}

/** Nothing of a run that has ended stays in the repository. */
export async function forgetWriter(store: ObjectStore, layout: Layout, id: string, lock: Lock): Promise<void> {
  await lock.release();
  await store.delete(layout.lock(`${WRITER}${id}`));
}

/** Throws `LOCKED` (exit 6) with the first one. Removes what dead ones left. */
export async function refuseWriters(store: ObjectStore, layout: Layout): Promise<void> {
  const keys = (await store.list(`${layout.locksPrefix}`)).map(({ key }) => key);
  for (const key of keys.filter((each) => basename(each).startsWith(WRITER))) {
    const holder = await readLock(store, key);
    if (holder !== undefined) throw lockHeld(key, holder, new Date());
    await store.delete(key);
  }
}
