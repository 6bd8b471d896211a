/** Long work under a lock: renewed in the background, stopped when the lock is lost, released at the end. */
import { DrError } from '../core/errors.ts';
import { acquireLock, type Lock, type LockOptions } from './lock.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * `signal` is aborted, with the DrError as its reason, when the lock was taken over or could not be renewed before it ran out. Work that
 * ends in time all the same is not undone.
 */
export async function whileLocked<T>(
  store: ObjectStore,
  key: string,
  options: LockOptions,
  work: (lock: Lock, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return holding(await acquireLock(store, key, options), options.ttlSeconds, work);
}

/** The same for a lock that was acquired before. */
export async function holding<T>(
  lock: Lock,
  ttlSeconds: number,
  work: (lock: Lock, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const renew = async (): Promise<void> => {
    try {
      await lock.renew();
    } catch (error) {
      // A store that is away may come back before the lock runs out.
      const certain = error instanceof DrError && error.code === 'LOCK-LOST';
      if (certain || new Date(lock.record.expiresAt).getTime() <= Date.now()) lost.abort(error);
    }
  };
  const timer = setInterval(() => void renew(), (ttlSeconds * 1000) / 3);
  timer.unref();
  try {
    return await work(lock, lost.signal);
  } finally {
    clearInterval(timer);
    await lock.release();
  }
}
