/** `dr setup`: propose the configuration for a platform that runs. */
import { badInput } from '../../../recovery/core/errors.ts';
import { type CommandContext, type CommandResult, freeCommand } from '../../command.ts';
import { declaration, type SetupOptions } from './declaration.ts';

/** Throws exit 2. */
function check({ folder }: SetupOptions): void {
  const wrong = folder.find((each) => !/^[a-z0-9-]+=\/./.test(each));
  if (wrong === undefined) return;
  throw badInput({
    code: 'USAGE',
    where: '--folder',
    fact: `"${wrong}" is not WORKLOAD=/absolute/path`,
    hint: 'type e.g. --folder uploads=/srv/shop/uploads; `dr plan show` lists the workloads',
  });
}

async function run(options: SetupOptions, context: CommandContext): Promise<CommandResult> {
  return (await import('./host.ts')).setUpHost(options, context);
}

export const declare = freeCommand({ declare: declaration, check, run });
