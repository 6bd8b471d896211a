/** Options of `dr drill`. */
import { Command, Option } from '@commander-js/extra-typings';
import type { OptionsOf } from '../../command.ts';
import { confirmOption, dryRunOption, examples, numberBetween, verbatimListOption, wholeNumber } from '../../flags.ts';

export const declaration = () =>
  new Command('drill')
    .description('Build a throwaway platform, stage a disaster of the plan, recover from it and prove it with data.')
    .option('--scenario <name>', 'a scenario of the plan, or `all`, one after the other', 'complete-failure')
    .addOption(
      new Option('--on <place>', 'this machine with generated data, or a cluster with the real data, in quarantine')
        .choices(['local', 'cluster'])
        .default('local'),
    )
    .addOption(
      new Option('--scale <number>', 'size of the generated data, as a multiple')
        .argParser(numberBetween(0.01, 10_000, 'a number from 0.01 up, e.g. 1 or 10'))
        .default(1),
    )
    .option('--keep', 'keep what the drill made: the platform and its repositories, or the stack', false)
    .option('--remove <dir>', 'stop and delete what `--keep` left in this folder; no drill is run')
    .option('--folder <dir>', 'where the throwaway platform is built (default: a new folder below the temporary one)')
    .option('--report <dir>', 'where the reports are written', 'drill-report')
    .addOption(new Option('--seed <number>', 'seed of the generated data').argParser(wholeNumber(0, 'a whole number')))
    .addOption(new Option('--measurements <file>', 'also append what was measured to this file').env('DR_MEASUREMENTS'))
    .option('--like <stack>', 'on a cluster: the stack that the drill stands for; its config and secrets are used')
    .option('--stack <name>', 'on a cluster: the stack that is made, and torn down (default: drill-<date>)')
    .option('--from <repository>', 'on a cluster: repository to read (default: the plan’s first in S3)')
    .option('--to <target>', 'on a cluster: latest, a point’s id, or a time with a zone (default: latest)')
    .addOption(
      verbatimListOption('--set <key=value>', 'on a cluster: a key of the stack’s config; several: repeat it', 'none'),
    )
    .addOption(dryRunOption())
    .addOption(confirmOption('on a cluster: the name of the stack that is made'))
    .addHelpText(
      'after',
      examples(
        'dr drill',
        'dr drill --scenario database-corruption --report ./drill-report',
        'dr drill --scenario all',
        'dr drill --scenario human-error --scale 10 --keep',
        'dr drill --remove /tmp/dr-drill-x7Yk2P',
        'dr drill --on cluster --like production --from secondary --dry-run',
        'dr drill --on cluster --like production --to latest --stack drill-q4 --confirm drill-q4',
      ),
    );

export type DrillOptions = OptionsOf<typeof declaration>;
