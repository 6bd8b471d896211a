/** `up` of a stack with its progress, also after a run that was killed in the middle. */
import { DrError } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import type { EngineStack, ResourceEvent, RunOutcome } from '../pulumi/engine.ts';
import { isHolderDead, StackLockedError } from '../pulumi/locked.ts';

interface Up {
  readonly stack: EngineStack;
  /** For people and as the step's id: `failover`. */
  readonly step: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly onEvent?: (event: ResourceEvent) => void;
}

const QUIET: readonly ResourceEvent['op'][] = ['same', 'read', 'refresh'];

function show({ step, progress }: Up, event: ResourceEvent): void {
  if (QUIET.includes(event.op)) return;
  const { state, op, name, message } = event;
  // Names of resources stay the same from run to run.
  progress({
    step: `${step}/${name}`,
    title: `${op} ${event.type.split(':').at(-1)} ${name}`,
    state,
    ...(message === undefined ? {} : { detail: message }),
  });
}

async function run(request: Up, takeOver: boolean): Promise<RunOutcome> {
  const { stack, signal } = request;
  const onEvent = (event: ResourceEvent): void => {
    show(request, event);
    request.onEvent?.(event);
  };
  return stack.up({ signal, takeOver, onEvent });
}

/** What a killed run has left: the lock of a process that is surely dead, and operations that nobody knows the end of. */
async function afterKill(request: Up): Promise<RunOutcome> {
  try {
    const pending = await request.stack.pending();
    if (pending.length > 0) await request.stack.forgetPending();
    return await run(request, pending.length > 0);
  } catch (error) {
    if (!(error instanceof StackLockedError) || error.holder === undefined || !isHolderDead(error.holder)) throw error;
    await request.stack.unlock();
    const pending = await request.stack.pending();
    if (pending.length > 0) await request.stack.forgetPending();
    return run(request, true);
  }
}

/** Throws `UP-FAILED` with what failed, and `STACK-LOCKED` (exit 6). Run again it goes on. */
export async function bringUp(request: Up): Promise<RunOutcome> {
  const outcome = await afterKill(request);
  if (outcome.succeeded) return outcome;
  const failed = outcome.failed.map(({ name, message }) => `${name}: ${message ?? 'failed'}`);
  const said = outcome.diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message.trim());
  throw new DrError({
    code: 'UP-FAILED',
    where: `stack ${request.stack.name}`,
    fact: [...failed, ...said].slice(0, 5).join('\n') || 'the engine ended without saying why',
    hint: 'mend that and run the same command again: it goes on where this one stopped',
  });
}
