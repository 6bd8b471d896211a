/** Runs a stack's `up` and reports its progress. Also cleans up after a killed run. */
import { DrError } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { type TroubleWatch, whileWatching } from '../kubernetes/troubles/watch.ts';
import type { EngineStack, ResourceEvent, RunOutcome } from '../pulumi/engine.ts';
import { isHolderDead, StackLockedError } from '../pulumi/locked.ts';

interface Up {
  readonly stack: EngineStack;
  /** First part of the step ids: `promote`. */
  readonly step: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Says what holds pods up meanwhile. */
  readonly waits: TroubleWatch | undefined;
  readonly onEvent?: (event: ResourceEvent) => void;
}

/** Not reported: nothing changes. */
const UNCHANGED: readonly ResourceEvent['op'][] = ['same', 'read', 'refresh'];

function show({ step, progress }: Up, event: ResourceEvent): void {
  if (UNCHANGED.includes(event.op)) return;
  const { state, op, name, message } = event;
  // Resource names are the same in every run, so step ids are stable.
  progress({
    step: `${step}/${name}`,
    title: `${op} ${event.type.split(':').at(-1)} ${name}`,
    state,
    ...(message === undefined ? {} : { detail: message }),
  });
}

async function run(request: Up, { takeOver }: { readonly takeOver: boolean }): Promise<RunOutcome> {
  const { stack, signal } = request;
  const onEvent = (event: ResourceEvent): void => {
    show(request, event);
    request.onEvent?.(event);
  };
  return stack.up({ signal, takeOver, onEvent });
}

/** Clears what a killed run has left, the lock of a dead process and pending operations, and then runs the `up`. */
async function runAfterKill(request: Up): Promise<RunOutcome> {
  try {
    const pending = await request.stack.pending();
    if (pending.length > 0) await request.stack.forgetPending();
    return await run(request, { takeOver: pending.length > 0 });
  } catch (error) {
    if (!(error instanceof StackLockedError) || error.holder === undefined || !isHolderDead(error.holder)) throw error;
    await request.stack.unlock();
    const pending = await request.stack.pending();
    if (pending.length > 0) await request.stack.forgetPending();
    return run(request, { takeOver: true });
  }
}

/** Throws `UP-FAILED` with the failed resources, and `STACK-LOCKED` (exit 6). Run again, it resumes. */
export async function bringUp(request: Up): Promise<RunOutcome> {
  const outcome = await whileWatching(request.waits, () => runAfterKill(request));
  if (outcome.succeeded) return outcome;
  const failed = outcome.failed.map(({ name, message }) => `${name}: ${message ?? 'failed'}`);
  const errors = outcome.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ message }) => message.trim());
  throw new DrError({
    code: 'UP-FAILED',
    where: `stack ${request.stack.name}`,
    fact: [...failed, ...errors].slice(0, 5).join('\n') || 'the engine ended without giving a reason',
    hint: 'fix that and run the same command again: it resumes where this run stopped',
  });
}
