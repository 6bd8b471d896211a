/** `dr rebuild --teardown`: destroy a stack that a rebuild made. */
import { readRebuildInputs } from '../../../recovery/rebuild/inputs.ts';
import { teardown } from '../../../recovery/rebuild/teardown.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import type { RebuildOptions } from './declaration.ts';
import { openPorts } from './ports.ts';

export async function tearDown({ stack, ...options }: RebuildOptions, context: CommandContext): Promise<CommandResult> {
  const ground = await readRebuildInputs({ ...options, env: context.env }, context);
  const ports = await openPorts(stack, ground, context);
  const approve = (what: readonly string[]) => context.confirm({ name: stack, what });
  const done = await teardown(stack, { ...ports, approve });
  const text = `stack ${stack} is gone: ${done.deleted} deleted; the repositories are unchanged`;
  return { kind: 'Teardown', data: done, text };
}
