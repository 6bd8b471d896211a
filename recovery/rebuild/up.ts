/** The `up` of a rebuild: pending operations of a dead run are forgotten, and what fails is named or set aside. */
import type { Plan } from '../../plan/types.ts';
import { DrError, EXIT } from '../core/errors.ts';
import type { ConfigValues, EngineStack, ResourceEvent, RunOutcome } from '../pulumi/engine.ts';
import { checkedTier } from '../pulumi/tiers.ts';
import { canSetAside } from './describe.ts';
import { type HoldOptions, whenFree } from './hold.ts';
import type { RebuildRecord } from './record.ts';
import { isRecord } from './settings.ts';
import type { RebuildPorts, RebuildRequest, SetAside } from './types.ts';
import { titleOf, type Watch, watchRun } from './watch.ts';

export interface UpResult {
  readonly watch: Watch;
  readonly outcome: RunOutcome;
  readonly setAside: readonly SetAside[];
  readonly failure?: DrError;
}

/** Sentences, not traces. */
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

/** The one error that people see; all of the others stand in the diagnostics. */
export function failureOf(stack: string, outcome: RunOutcome): DrError {
  const [first, ...others] = outcome.failed;
  if (first === undefined) {
    const errors = outcome.diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
    return new DrError({
      code: 'REBUILD-FAILED',
      where: stack,
      fact: [...new Set(errors)].slice(0, 5).join('\n') || 'the engine failed without a word',
      hint: 'mend what it says, and type the same command again: it goes on where it stopped',
    });
  }
  const tier = checkedTier(first);
  if (tier !== undefined) {
    return new DrError({
      code: 'TIER-NOT-WELL',
      where: `${tier} of ${stack}`,
      fact: `its check did not pass: ${reasonOf(first)}`,
      hint: `see \`kubectl logs\` of ${titleOf(first)}; mend it, and type the same command again: what is there stays`,
      exit: EXIT.verificationFailed,
    });
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const without = canSetAside(first) ? ', or go on without what fails: --keep-going' : '';
  return new DrError({
    code: 'REBUILD-FAILED',
    where: `${titleOf(first)} of ${stack}`,
    fact: `${reasonOf(first)}${more}`,
    hint: `mend it, and type the same command again: it goes on where it stopped${without}`,
  });
}

/** The config as it is, with more left out. */
async function exclude(stack: EngineStack, objects: readonly string[]): Promise<void> {
  const config: ConfigValues = await stack.config();
  const recovery = isRecord(config.recovery?.value) ? config.recovery.value : {};
  const before = Array.isArray(recovery.exclude) ? (recovery.exclude as string[]) : [];
  await stack.setConfig({ recovery: { value: { ...recovery, exclude: [...new Set([...before, ...objects])] } } });
}

export async function upStack(
  request: RebuildRequest,
  plan: Plan,
  stack: EngineStack,
  record: RebuildRecord,
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
  const hold: HoldOptions = { progress, signal, resumed: record.resumed };
  const once = async (): Promise<RunOutcome> => {
    const pending = await stack.pending();
    if (pending.length > 0) {
      // Before they are forgotten: else a kill right here would leave objects that nobody knows any more.
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
  const setAside: SetAside[] = [...record.setAside];
  await record.write('up', 'start');
  for (;;) {
    const outcome = await whenFree(stack, hold, once);
    if (outcome.succeeded) {
      await record.write('up', 'done');
      return { watch, outcome, setAside };
    }
    const bad = request.keepGoing ? outcome.failed.filter(canSetAside) : [];
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
        title: `${titleOf(event)}: set aside`,
        state: 'skipped',
        detail: reasonOf(event),
      });
    }
  }
}
