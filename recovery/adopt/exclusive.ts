/** One run at a time changes the adoptions of a stack, on this operator's machine. */
import { layout } from '../../plan/layout.ts';
import { openStateStore } from '../storage/posix/store.ts';
import { withLock } from '../storage/with-lock.ts';

/** Throws `LOCKED` (exit 6) with the holder's name. @param what is done, for that message */
export function exclusively<T>(stateDir: string, stack: string, what: string, work: () => Promise<T>): Promise<T> {
  return withLock(openStateStore(stateDir), layout('stacks').lock(`adopt-${stack}`), { what }, work);
}
