/** Alone in a repository: whoever removes or repairs something there. Nobody backs up, prunes or verifies it meanwhile. */
import type { Layout } from '../../plan/layout.ts';
import type { ObjectStore } from './object-store.ts';
import { withLock } from './with-lock.ts';
import { pruningLock, refuseWriters } from './writers.ts';

/** A verification holds it, and whoever removes something. */
export function pruneLock(layout: Layout): string {
  return layout.lock('prune');
}

/**
 * @param what shown to whoever finds the locks held: `dr repository clean`
 * @param work its signal ends with a lost lock
 * Throws `LOCKED` (exit 6) with the holder.
 */
export async function whileAlone<T>(
  store: ObjectStore,
  layout: Layout,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withLock(store, pruneLock(layout), { what }, (_, unlocked) =>
    withLock(store, pruningLock(layout), { what }, async (__, lost) => {
      await refuseWriters(store, layout);
      return work(AbortSignal.any([unlocked, lost]));
    }),
  );
}
