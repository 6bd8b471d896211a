/** Works on a stack that another run may hold: frees the lock of a dead run, and waits for a running one where it is this rebuild's own. */
import { poll } from '../core/poll.ts';
import type { Progress } from '../core/progress.ts';
import type { EngineStack } from '../pulumi/engine.ts';
import { isHolderDead, StackLockedError } from '../pulumi/locked.ts';

export interface UnlockOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** The interrupted run may have left its engine running. */
  readonly resumed: boolean;
}

const STEP = 'rebuild/lock';

/** An engine works for minutes; each try starts the engine, which takes about a second. */
const EVERY_SECONDS = 2;

/** Throws StackLockedError while somebody else's run holds the stack, or an unknown one. */
export async function whenUnlocked<T>(
  stack: EngineStack,
  { progress, signal, resumed }: UnlockOptions,
  work: () => Promise<T>,
): Promise<T> {
  let waited = false;
  const attempt = async (): Promise<{ readonly result: T } | undefined> => {
    try {
      return { result: await work() };
    } catch (error) {
      if (!(error instanceof StackLockedError) || error.holder === undefined) throw error;
      const { holder } = error;
      const who = `pid ${holder.pid} since ${holder.since}`;
      if (isHolderDead(holder)) {
        await stack.unlock();
        progress({
          step: STEP,
          title: `stack ${stack.name}: removed the lock of a dead run`,
          state: 'done',
          detail: who,
        });
        return attempt();
      }
      if (!resumed) throw error;
      waited = true;
      const title = `stack ${stack.name}: waiting for the engine of the interrupted run`;
      progress({ step: STEP, title, state: 'progress', detail: who });
      return undefined;
    }
  };
  const endless = { seconds: Number.POSITIVE_INFINITY, everySeconds: EVERY_SECONDS, signal };
  const { answer } = await poll(endless, attempt, (found) => found !== undefined);
  if (answer === undefined) throw new TypeError('poll gave up without a limit');
  if (waited) progress({ step: STEP, title: `stack ${stack.name}: unlocked`, state: 'done' });
  return answer.result;
}
