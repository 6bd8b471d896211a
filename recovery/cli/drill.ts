/** `dr drill`: build a platform, destroy it, restore it, and compare; or rebuild the real one in quarantine. */
import { type Command, Option } from 'commander';
import { badInput } from '../core/errors.ts';
import { confirmOption, dryRunOption, examples, numberBetween, wholeNumber } from './flags.ts';
import type { Declare } from './program.ts';

/** By which of the two places a flag means something. */
const LOCAL = ['scale', 'folder', 'seed'];
const CLUSTER = ['stack', 'like', 'from', 'to', 'set', 'dryRun', 'confirm'];

/** A flag that does nothing would be believed. */
function checkPlace(command: Command): void {
  const { on } = command.opts<{ on: string }>();
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

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export const declareDrill: Declare = (program, action) => {
  const command = program
    .command('drill')
    .description('Build a throwaway platform, stage a disaster of the plan, recover from it and prove it with data.')
    .option('--scenario <name>', 'a scenario of the plan, or `all`, one after the other', 'complete-failure')
    .addOption(
      new Option('--on <place>', 'this machine with generated data, or a cluster with the real ones, in quarantine')
        .choices(['local', 'cluster'])
        .default('local'),
    )
    .addOption(
      new Option('--scale <number>', 'size of the generated data, as a multiple')
        .argParser(numberBetween(0.01, 10_000, 'a number from 0.01 up, e.g. 1 or 10'))
        .default(1),
    )
    .option('--keep', 'leave what the drill made: the platform and its repositories, or the stack', false)
    .option('--folder <dir>', 'where the throwaway platform lives (default: a new folder below the temporary one)')
    .option('--report <dir>', 'where the reports go', 'drill-report')
    .addOption(new Option('--seed <number>', 'seed of the generated data').argParser(wholeNumber(0, 'a whole number')))
    .option('--like <stack>', 'on a cluster: the stack that the drill stands for; its config and secrets are used')
    .option('--stack <name>', 'on a cluster: the stack that is made, and torn down (default: drill-<date>)')
    .option('--from <repository>', 'on a cluster: repository to read (default: the plan’s first in S3)')
    .option('--to <target>', 'on a cluster: latest, a point’s id, or a time with a zone (default: latest)')
    .addOption(
      new Option('--set <key=value>', 'on a cluster: a key of the stack’s config; several: repeat it')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(dryRunOption())
    .addOption(confirmOption('on a cluster: the name of the stack that is made'))
    .action((...given: unknown[]) => {
      checkPlace(command);
      const { on } = command.opts<{ on: string }>();
      const load =
        on === 'cluster'
          ? async () => (await import('../commands/drill-cluster.ts')).clusterDrillCommand
          : async () => (await import('../commands/drill.ts')).drillCommand;
      return action(load, { needsSite: false })(...given);
    });
  examples(command, [
    'dr drill',
    'dr drill --scenario database-corruption --report ./drill-report',
    'dr drill --scenario all',
    'dr drill --scenario human-error --scale 10 --keep',
    'dr drill --on cluster --like production --from secondary --dry-run',
    'dr drill --on cluster --like production --to latest --stack drill-q4 --confirm drill-q4',
  ]);
};
