/** What a rebuild and a teardown work with. */
import { readPoints, resolveRecoveryPoint } from '../../../recovery/points/resolved/resolved-point.ts';
import { openStackEngine } from '../../../recovery/pulumi/open.ts';
import { openTargetCluster } from '../../../recovery/rebuild/data/cluster.ts';
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
    openTarget: (place) => openTargetCluster(place, signal),
    approve: (planned) => context.confirm({ name: stack, what: planText(planned).split('\n') }),
    progress,
    log,
    now,
    signal,
  };
}
