/** `dr verify` and `dr prune`: is what we hold any good, and what may go. */
import { Option } from 'commander';
import { confirmOption, dryRunOption, examples, numberBetween, repositoriesOption } from './flags.ts';
import type { Declare } from './program.ts';

export const declareVerify: Declare = (program, action) => {
  const command = program
    .command('verify')
    .description(
      'Check the repositories: catalog chain, checksums, WAL without gaps; with --deep by a scratch restore.',
    )
    .option('--deep', 'restore to a scratch folder, start it, and ask the data', false)
    .addOption(repositoriesOption())
    .addOption(
      new Option('--read-data <percent>', 'part of the stored data to read back')
        .argParser(numberBetween(0, 100, 'a percentage from 0 to 100, e.g. 10'))
        .default(10),
    )
    .option('--point <id>', 'the point to verify (default: the newest complete one)')
    .action(action(async () => (await import('../commands/verify.ts')).verifyCommand));
  examples(command, ['dr verify', 'dr verify --deep --repository secondary', 'dr verify --read-data 100']);
};

export const declarePrune: Declare = (program, action) => {
  const command = program
    .command('prune')
    .description(
      'Remove what is older than its repository’s retention. Keeps the last verified, held and leased points.',
    )
    .addOption(repositoriesOption())
    .addOption(dryRunOption())
    .addOption(confirmOption('the environment’s name, to remove points'))
    .action(action(async () => (await import('../commands/prune.ts')).pruneCommand));
  examples(command, ['dr prune --dry-run', 'dr prune --repository local --confirm production']);
};
