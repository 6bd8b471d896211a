/** `dr rebuild --teardown`: deletes a stack that a rebuild has made; never one of another role. */
import { layout } from '../../plan/layout.ts';
import { precondition } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import type { EngineStack } from '../pulumi/engine.ts';
import { openPosixStore } from '../storage/posix/store.ts';
import { withLock } from '../storage/with-lock.ts';
import { whenUnlocked } from './stack-lock.ts';
import type { RebuildPorts } from './types.ts';
import { failureOf } from './up.ts';
import { titleOf } from './watch.ts';

export interface TeardownPorts extends Pick<RebuildPorts, 'engine' | 'progress' | 'signal' | 'stateDir' | 'plan'> {
  /** Called with what will be deleted, a line each; throws to stop. */
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
    hint: `only stacks of role recovery, which \`dr rebuild\` makes, are torn down; for any other: pulumi destroy --stack ${stack}`,
  });
}

/** Config and outputs must both name the role: one of them may have changed since. */
async function checkRole(stack: EngineStack): Promise<void> {
  const [config, outputs] = await Promise.all([stack.config(), stack.outputs()]);
  for (const [where, role] of [
    ['config', config.role?.value],
    ['outputs', outputs.role],
  ] as const) {
    // An interrupted `up` leaves no outputs.
    if (where === 'outputs' && role === undefined) continue;
    if (role !== 'recovery') throw refuse(stack.name, `its role is "${String(role)}" (${where})`);
  }
}

/** Throws TEARDOWN-REFUSED (exit 6), STACK-UNKNOWN (exit 2), and failed deletions. */
export async function teardown(name: string, ports: TeardownPorts): Promise<TeardownOutcome> {
  const { engine, progress, signal, stateDir, plan } = ports;
  const stack = await engine.select(name);
  await checkRole(stack);
  const outputs = await stack.outputs();
  const namespaces = isRecord(outputs.namespaces) ? Object.values(outputs.namespaces).map(String) : [];
  await ports.approve([
    `destroy stack ${name} with all its resources, volumes and data included`,
    ...(namespaces.length === 0 ? [] : [`namespaces ${namespaces.join(' and ')} in ${String(outputs.context)}`]),
    'the repositories are not changed',
  ]);
  const key = layout(plan.environment).lock(`rebuild-${name}`);
  const lock = { what: `dr rebuild --teardown --stack ${name}` };
  return withLock(openPosixStore(stateDir), key, lock, async () => {
    let deleted = 0;
    const step = { step: 'rebuild/teardown', title: `stack ${name}` };
    const outcome = await whenUnlocked(stack, { progress, signal, resumed: false }, () =>
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
