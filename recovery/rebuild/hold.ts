/** A stack that a dead run still holds is freed; one that a living run holds is waited for, where it is this rebuild's own. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Progress } from '../core/progress.ts';
import type { EngineStack } from '../pulumi/engine.ts';
import { isHolderDead, StackLockedError } from '../pulumi/locked.ts';

export interface HoldOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** The run that died before may have left its engine at work. */
  readonly resumed: boolean;
  /** @default 2000 */
  readonly pollMs?: number;
}

const STEP = 'rebuild/lock';

/** Throws StackLockedError while somebody else works on the stack, or nobody can tell. */
export async function whenFree<T>(
  stack: EngineStack,
  { progress, signal, resumed, pollMs = 2000 }: HoldOptions,
  work: () => Promise<T>,
): Promise<T> {
  let waited = false;
  for (;;) {
    try {
      const done = await work();
      if (waited) progress({ step: STEP, title: `stack ${stack.name}: free`, state: 'done' });
      return done;
    } catch (error) {
      if (!(error instanceof StackLockedError) || error.holder === undefined) throw error;
      const { holder } = error;
      const who = `pid ${holder.pid} since ${holder.since}`;
      if (isHolderDead(holder)) {
        await stack.unlock();
        progress({ step: STEP, title: `stack ${stack.name}: the lock of a dead run`, state: 'done', detail: who });
        continue;
      }
      if (!resumed) throw error;
      waited = true;
      const title = `stack ${stack.name}: the engine of the interrupted run is still at work`;
      progress({ step: STEP, title, state: 'progress', detail: who });
      await pause(pollMs, undefined, signal === undefined ? {} : { signal });
    }
  }
}
