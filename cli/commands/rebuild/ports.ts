/** What a rebuild and a teardown work with. */
import { pinTarget } from '../../../recovery/points/pin/pin.ts';
import { openStackEngine } from '../../../recovery/pulumi/open.ts';
import type { Ground } from '../../../recovery/rebuild/ground.ts';
import { planText } from '../../../recovery/rebuild/text.ts';
import type { RebuildPorts } from '../../../recovery/rebuild/types.ts';
import type { CommandContext } from '../../command.ts';

export async function openPorts(stack: string, ground: Ground, context: CommandContext): Promise<RebuildPorts> {
  const { progress, log, now, signal } = context;
  return {
    ...ground,
    engine: await openStackEngine({ log }),
    resolve: pinTarget,
    approve: (planned) => context.confirm({ name: stack, what: planText(planned).split('\n') }),
    progress,
    log,
    now,
    signal,
  };
}
