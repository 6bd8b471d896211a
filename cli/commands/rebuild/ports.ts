/** What a rebuild and a teardown work with. */
import { openClusterAt } from '../../../recovery/kubernetes/open.ts';
import { readPoints, resolveRecoveryPoint } from '../../../recovery/points/resolved/resolved-point.ts';
import { openStackEngine } from '../../../recovery/pulumi/open.ts';
import type { RebuildInputs } from '../../../recovery/rebuild/inputs.ts';
import { planText } from '../../../recovery/rebuild/text.ts';
import type { RebuildPorts } from '../../../recovery/rebuild/types.ts';
import type { CommandContext } from '../../command.ts';

export async function openPorts(stack: string, ground: RebuildInputs, context: CommandContext): Promise<RebuildPorts> {
  const { progress, log, now, signal } = context;
  return {
    ...ground,
    engine: await openStackEngine({ log }),
    resolve: resolveRecoveryPoint,
    readPoints,
    openTarget: (place) => openClusterAt(place, signal),
    approve: (planned) => context.confirm({ name: stack, what: planText(planned).split('\n') }),
    progress,
    log,
    now,
    signal,
  };
}
