/** `dr rebuild --teardown`: ends a stack that a rebuild has made. Never one that leads or follows. */
import { layout } from '../../plan/layout.ts';
import { precondition } from '../core/errors.ts';
import type { EngineStack } from '../pulumi/engine.ts';
import { openPosixStore } from '../storage/posix/store.ts';
import { whileLocked } from '../storage/while-locked.ts';
import { whenFree } from './hold.ts';
import type { RebuildPorts } from './types.ts';
import { failureOf } from './up.ts';
import { titleOf } from './watch.ts';

export interface TeardownPorts extends Pick<RebuildPorts, 'engine' | 'progress' | 'signal' | 'stateDir' | 'plan'> {
  /** What goes, a line each; throws to stop. */
  readonly approve: (what: readonly string[]) => Promise<void>;
}

export interface TeardownOutcome {
  readonly stack: string;
  readonly deleted: number;
}

function refuse(stack: string, fact: string): Error {
  return precondition({
    code: 'TEARDOWN-REFUSED',
    where: stack,
    fact,
    hint: 'only a stack of role recovery, as `dr rebuild` makes them, is torn down; for any other: pulumi destroy, knowing what it does',
  });
}

/** Config and outputs must both say so: one of them may have been changed since. */
async function checkRole(stack: EngineStack): Promise<void> {
  const [config, outputs] = await Promise.all([stack.config(), stack.outputs()]);
  for (const [where, role] of [
    ['config', config.role?.value],
    ['outputs', outputs.role],
  ] as const) {
    // An `up` that never came to its end has left no outputs.
    if (where === 'outputs' && role === undefined) continue;
    if (role !== 'recovery') throw refuse(stack.name, `its ${where} say role "${String(role)}"`);
  }
}

/** Throws TEARDOWN-REFUSED (exit 6), STACK-UNKNOWN (exit 2), and what could not be deleted. */
export async function teardown(name: string, ports: TeardownPorts): Promise<TeardownOutcome> {
  const { engine, progress, signal, stateDir, plan } = ports;
  const stack = await engine.select(name);
  await checkRole(stack);
  const outputs = await stack.outputs();
  const namespaces = Object.values((outputs.namespaces as Record<string, string> | undefined) ?? {});
  await ports.approve([
    `destroy stack ${name}: everything that it holds, its volumes with their data too`,
    ...(namespaces.length === 0 ? [] : [`namespaces ${namespaces.join(' and ')} in ${String(outputs.context)}`]),
    'the repositories stay as they are',
  ]);
  const key = layout(plan.environment).lock(`rebuild-${name}`);
  const lock = { what: `dr rebuild --teardown --stack ${name}` };
  return whileLocked(openPosixStore(stateDir), key, lock, async () => {
    let deleted = 0;
    const step = { step: 'rebuild/teardown', title: `stack ${name}` };
    const outcome = await whenFree(stack, { progress, signal, resumed: false }, () =>
      stack.destroy({
        remove: true,
        onEvent: (event) => {
          if (event.op !== 'delete' || event.state !== 'done') return;
          deleted += 1;
          progress({ ...step, state: 'progress', detail: `${deleted} deleted, last ${titleOf(event)}` });
        },
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    if (!outcome.succeeded) throw failureOf(name, outcome);
    progress({ ...step, state: 'done', detail: `${deleted} deleted` });
    return { stack: name, deleted };
  });
}
