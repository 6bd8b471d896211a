/** `dr drill`: on this machine, destroy a platform and recover it; on a cluster, rebuild the real one in quarantine. */
import { badInput } from '../../recovery/core/errors.ts';
import { type CommandContext, type CommandResult, freeCommand } from '../command.ts';
import { type DrillOptions, declaration } from './drill/declaration.ts';

/** Flags that mean something in one of the two places only. */
const LOCAL: readonly (keyof DrillOptions)[] = ['scale', 'folder', 'seed', 'measurements'];
const CLUSTER: readonly (keyof DrillOptions)[] = ['stack', 'like', 'from', 'to', 'set', 'dryRun', 'confirm'];

/** A flag that does nothing would be believed. Throws exit 2. */
function check({ on, remove }: DrillOptions, command: ReturnType<typeof declaration>): void {
  if (remove !== undefined) {
    const beside = command.options.find(
      (option) =>
        option.long !== '--remove' &&
        command.getOptionValueSource(option.attributeName() as keyof DrillOptions) === 'cli',
    );
    if (beside === undefined) return;
    throw badInput({
      code: 'USAGE',
      where: 'drill',
      fact: `--remove runs no drill, so ${beside.long} means nothing beside it`,
      hint: 'leave one of them out',
    });
  }
  const foreign = (on === 'cluster' ? LOCAL : CLUSTER).find((name) => command.getOptionValueSource(name) === 'cli');
  if (foreign === undefined) return;
  const flag = `--${foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const other = on === 'cluster' ? 'local' : 'cluster';
  throw badInput({
    code: 'USAGE',
    where: 'drill',
    fact: `${flag} means nothing in a drill on ${on === 'cluster' ? 'a cluster' : 'this machine'}`,
    hint: `leave it out, or type --on ${other}`,
  });
}

async function run(options: DrillOptions, context: CommandContext): Promise<CommandResult> {
  if (options.remove !== undefined) return (await import('./drill/kept.ts')).removeKept(options.remove);
  if (options.on === 'cluster') return (await import('./drill/cluster.ts')).drillOnCluster(options, context);
  return (await import('./drill/local.ts')).drillHere(options, context);
}

export const declare = freeCommand({ declare: declaration, check, run });
