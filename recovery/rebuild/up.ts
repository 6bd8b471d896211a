/** The `up` of a rebuild: drops pending operations of a killed run, and reports or skips what fails. */
import type { Plan } from '../../plan/types.ts';
import { DrError, EXIT } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import { type TroubleWatch, whileWatching } from '../kubernetes/troubles/watch.ts';
import type { ConfigValues, EngineStack, ResourceEvent, RunOutcome } from '../pulumi/engine.ts';
import { checkedTier } from '../pulumi/tiers.ts';
import { canSkip } from './describe.ts';
import type { RebuildRecord } from './record.ts';
import { type UnlockOptions, whenUnlocked } from './stack-lock.ts';
import type { RebuildPorts, RebuildRequest, Skipped } from './types.ts';
import { titleOf, type Watch, watchRun } from './watch.ts';

export interface UpResult {
  readonly watch: Watch;
  readonly outcome: RunOutcome;
  readonly setAside: readonly Skipped[];
  readonly failure?: DrError;
}

/** The first line without blanks: the message, not its trace. */
function firstLine(text: string): string {
  return (
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim() ?? ''
  );
}

function reasonOf(event: ResourceEvent): string {
  return event.message === undefined ? 'the engine gave no reason' : firstLine(event.message);
}

/** The error that is shown; the diagnostics hold all others. */
export function failureOf(stack: string, outcome: RunOutcome): DrError {
  const [first, ...others] = outcome.failed;
  if (first === undefined) {
    const errors = outcome.diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
    return new DrError({
      code: 'REBUILD-FAILED',
      where: stack,
      fact: [...new Set(errors)].slice(0, 5).join('\n') || 'the engine gave no reason',
      hint: 'fix what it reports and run the same command again: it resumes where it stopped',
    });
  }
  const tier = checkedTier(first);
  if (tier !== undefined) {
    return new DrError({
      code: 'TIER-NOT-WELL',
      where: `${tier} of ${stack}`,
      fact: `its check did not pass: ${reasonOf(first)}`,
      hint: `read the log (kubectl logs ${titleOf(first)}), fix the cause, and run the same command again: it resumes where it stopped`,
      exit: EXIT.verificationFailed,
    });
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const without = canSkip(first) ? '; or skip what fails: --keep-going' : '';
  return new DrError({
    code: 'REBUILD-FAILED',
    where: `${titleOf(first)} of ${stack}`,
    fact: `${reasonOf(first)}${more}`,
    hint: `fix it and run the same command again: it resumes where it stopped${without}`,
  });
}

/** Adds objects to the stack's `recovery.exclude`. */
async function exclude(stack: EngineStack, objects: readonly string[]): Promise<void> {
  const config: ConfigValues = await stack.config();
  const recovery = isRecord(config.recovery?.value) ? config.recovery.value : {};
  const before: readonly unknown[] = Array.isArray(recovery.exclude) ? recovery.exclude : [];
  await stack.setConfig({ recovery: { value: { ...recovery, exclude: [...new Set([...before, ...objects])] } } });
}

interface UpRequest {
  readonly request: RebuildRequest;
  readonly plan: Plan;
  readonly stack: EngineStack;
  readonly record: RebuildRecord;
  /** Says what holds pods up meanwhile. */
  readonly waits: TroubleWatch | undefined;
}

export async function upStack(
  { request, plan, stack, record, waits }: UpRequest,
  ports: Pick<RebuildPorts, 'progress' | 'now' | 'signal' | 'log'>,
): Promise<UpResult> {
  const { progress, now, signal, log } = ports;
  const watch = watchRun({
    plan,
    progress,
    now,
    readyAt: record.readyAt,
    onReady: (tier, at) => void record.write(`ready/${tier}`, 'done', at.toISOString()),
  });
  const unlock: UnlockOptions = { progress, signal, resumed: record.resumed };
  const once = async (): Promise<RunOutcome> => {
    const pending = await stack.pending();
    if (pending.length > 0) {
      // Noted before they are dropped: a kill in between would otherwise leave objects that no state knows.
      await record.write('take-over', 'done', pending);
      await stack.forgetPending();
    }
    return stack.up({
      onEvent: watch.onEvent,
      onDiagnostic: ({ severity, message, urn }) => log.debug({ severity, message, urn }, 'engine'),
      keepGoing: request.keepGoing,
      takeOver: record.isDone('take-over'),
      ...(signal === undefined ? {} : { signal }),
    });
  };
  const setAside: Skipped[] = [...record.setAside];
  await record.write('up', 'start');
  for (;;) {
    const outcome = await whenUnlocked(stack, unlock, () => whileWatching(waits, once));
    if (outcome.succeeded) {
      await record.write('up', 'done');
      return { watch, outcome, setAside };
    }
    const bad = request.keepGoing ? outcome.failed.filter(canSkip) : [];
    const fresh = bad.filter((event) => !setAside.some(({ object }) => object === titleOf(event)));
    if (fresh.length === 0) {
      await record.write('up', 'failed');
      return { watch, outcome, setAside, failure: failureOf(stack.name, outcome) };
    }
    setAside.push(...fresh.map((event) => ({ object: titleOf(event), reason: reasonOf(event) })));
    await record.write('set-aside', 'done', setAside);
    await exclude(stack, fresh.map(titleOf));
    for (const event of fresh) {
      progress({
        step: `rebuild/aside/${titleOf(event)}`,
        title: `${titleOf(event)}: skipped`,
        state: 'skipped',
        detail: reasonOf(event),
      });
    }
  }
}
