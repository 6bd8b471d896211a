/** `dr rebuild --teardown`: destroy a stack that a rebuild made. */
import { openRebuiltCluster } from '../../../recovery/rebuild/data/cluster.ts';
import { readRebuildInputs } from '../../../recovery/rebuild/inputs.ts';
import { previewTeardown, teardown } from '../../../recovery/rebuild/teardown/teardown.ts';
import { keptLines, teardownLines, teardownName } from '../../../recovery/rebuild/teardown/text.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import type { RebuildOptions } from './declaration.ts';
import { openPorts } from './ports.ts';

export async function tearDown(options: RebuildOptions, context: CommandContext): Promise<CommandResult> {
  const { stack, include, dryRun, ...sources } = options;
  const ground = await readRebuildInputs({ ...sources, env: context.env }, context);
  const ports = {
    ...(await openPorts(stack, ground, context)),
    openCluster: (place: Parameters<typeof openRebuiltCluster>[0]) => openRebuiltCluster(place, context.signal),
    approve: (planned: Parameters<typeof teardownName>[0]) =>
      context.confirm({ name: teardownName(planned), what: teardownLines(planned) }),
  };
  if (dryRun) {
    const planned = await previewTeardown({ stack, include }, ports);
    const text = [...teardownLines(planned), `needs --confirm ${teardownName(planned)}`].join('\n');
    return { kind: 'TeardownPlan', data: planned, text };
  }
  const done = await teardown({ stack, include }, ports);
  const gone = `stack ${stack} is gone: ${done.deleted} deleted; the repositories are unchanged`;
  return { kind: 'Teardown', data: done, text: [gone, ...keptLines(done.kept)].join('\n') };
}
