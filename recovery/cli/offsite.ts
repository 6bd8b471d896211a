/** `dr offsite`: dated, self-contained copies at a partner's place. */
import { Option } from 'commander';
import { dryRunOption, examples, numberBetween } from './flags.ts';
import type { Declare } from './program.ts';

const WHERE = 'the repository of dated copies (default: the one that the plan fills by an export)';

export const declareOffsite: Declare = (program, action) => {
  const offsite = program
    .command('offsite')
    .description('Write, list and verify dated copies of recovery points on a drive or at a partner’s S3 endpoint.');

  const run = offsite
    .command('export')
    .description(
      'Copy the newest complete recovery point, or a named one, with all that a restore of it needs. A killed run is gone on with.',
    )
    .option('--repository <id>', WHERE)
    .option('--from <repository>', 'repository to read (default: the first that has the point)')
    .addOption(new Option('--to <point>', 'latest, or a point’s id').default('latest'))
    .addOption(dryRunOption())
    .action(action(async () => (await import('../commands/offsite.ts')).offsiteExport));
  examples(run, [
    'dr offsite export',
    'dr offsite export --dry-run',
    'dr offsite export --from secondary --to 20261123T020000Z-full-7f3a',
  ]);

  const list = offsite
    .command('list')
    .description('List the dated copies: their points, sizes and marks, and what an interrupted export has left.')
    .option('--repository <id>', WHERE)
    .action(action(async () => (await import('../commands/offsite.ts')).offsiteList));
  examples(list, ['dr offsite list', 'dr offsite list -o json | jq .copies[].point']);

  const verify = offsite
    .command('verify')
    .description(
      'Check every copy against its list of files, and one copy by its engines; with --deep by a scratch restore.',
    )
    .option('--repository <id>', WHERE)
    .option('--point <id>', 'the copy that is read back (default: the newest)')
    .option('--deep', 'restore that copy to a scratch folder, start it, and ask the data', false)
    .addOption(
      new Option('--read-data <percent>', 'part of the stored files to read back')
        .argParser(numberBetween(0, 100, 'a percentage from 0 to 100, e.g. 10'))
        .default(100),
    )
    .action(action(async () => (await import('../commands/offsite.ts')).offsiteVerify));
  examples(verify, ['dr offsite verify', 'dr offsite verify --deep --point 20261123T020000Z-full-7f3a']);
};
