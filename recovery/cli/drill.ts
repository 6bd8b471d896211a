/** `dr drill`: build a platform, destroy it, restore it, and compare. */
import { Option } from 'commander';
import { examples, numberBetween, wholeNumber } from './flags.ts';
import type { Declare } from './program.ts';

export const declareDrill: Declare = (program, action) => {
  const command = program
    .command('drill')
    .description('Build a throwaway platform, stage a disaster of the plan, recover from it and prove it with data.')
    .option('--scenario <name>', 'a scenario of the plan, or `all`, one after the other', 'complete-failure')
    .addOption(
      new Option('--scale <number>', 'size of the generated data, as a multiple')
        .argParser(numberBetween(0.01, 10_000, 'a number from 0.01 up, e.g. 1 or 10'))
        .default(1),
    )
    .option('--keep', 'leave the platform and its repositories on disk', false)
    .option('--folder <dir>', 'where the throwaway platform lives (default: a new folder below the temporary one)')
    .option('--report <dir>', 'where the reports go', 'drill-report')
    .addOption(new Option('--seed <number>', 'seed of the generated data').argParser(wholeNumber(0, 'a whole number')))
    .action(action(async () => (await import('../commands/drill.ts')).drillCommand, { needsSite: false }));
  examples(command, [
    'dr drill',
    'dr drill --scenario database-corruption --report ./drill-report',
    'dr drill --scenario all',
    'dr drill --scenario human-error --scale 10 --keep',
  ]);
};
