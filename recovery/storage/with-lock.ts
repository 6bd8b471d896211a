/** Long work under a lock: renewed in the background, stopped when the lock is lost, released at the end. */
import pRetry from 'p-retry';
import { DrError } from '../core/errors.ts';
import { acquireLock, type Lock, type LockOptions } from './lock.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * `signal` is aborted, with the DrError as its reason, when the lock was taken over or could not be renewed before it expired. Work that
 * has ended by then is not undone.
 */
export async function withLock<T>(
  store: ObjectStore,
  key: string,
  options: LockOptions,
  work: (lock: Lock, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withHeldLock(await acquireLock(store, key, options), work);
}

/** The same with a lock that the caller has acquired. */
export async function withHeldLock<T>(lock: Lock, work: (lock: Lock, signal: AbortSignal) => Promise<T>): Promise<T> {
  const lost = new AbortController();
  // This host's clock may be set while the work runs.
  let renewed = performance.now();
  const renew = async (): Promise<void> => {
    try {
      await lock.renew();
      renewed = performance.now();
    } catch (error) {
      // A store that is unreachable may answer again before the lock expires.
      const certain = error instanceof DrError && error.code === 'LOCK-LOST';
      if (certain || performance.now() - renewed >= lock.ttlSeconds * 1000) lost.abort(error);
    }
  };
  const timer = setInterval(() => void renew(), (lock.ttlSeconds * 1000) / 3);
  timer.unref();
  try {
    return await work(lock, lost.signal);
  } finally {
    clearInterval(timer);
    await lock.release();
  }
}

export interface WaitForLock extends LockOptions {
  /** After this long without the lock: `LOCKED`. */
  readonly waitSeconds: number;
  readonly everySeconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once when the lock is not free at first; the error names its holder. */
  readonly onWait?: (held: DrError) => void;
}

/** Acquires a lock as soon as its holder releases it. Throws `LOCKED` (exit 6) when the time is up. */
export async function waitForLock(store: ObjectStore, key: string, options: WaitForLock): Promise<Lock> {
  const { waitSeconds, everySeconds, signal, onWait, ...lock } = options;
  const isHeld = (error: unknown): error is DrError => error instanceof DrError && error.code === 'LOCKED';
  return pRetry(() => acquireLock(store, key, lock), {
    retries: Math.ceil(waitSeconds / everySeconds),
    minTimeout: everySeconds * 1000,
    maxTimeout: everySeconds * 1000,
    factor: 1,
    ...(signal === undefined ? {} : { signal }),
    shouldRetry: ({ error }) => isHeld(error),
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (attemptNumber === 1 && isHeld(error)) onWait?.(error);
    },
  });
}
