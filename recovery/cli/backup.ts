/** `dr init` and `dr backup`: preparing the repositories, and writing a recovery point to them. */
import { Option } from 'commander';
import { POINT_KINDS } from '../points/point.ts';
import { dryRunOption, examples, onlyOption, repositoriesOption } from './flags.ts';
import type { Declare } from './program.ts';

export const declareInit: Declare = (program, action) => {
  const command = program
    .command('init')
    .description('Prepare the repositories: pgBackRest stanza, restic repository, and the script for archive_command.')
    .addOption(repositoriesOption())
    .addOption(dryRunOption())
    .addOption(new Option('--restart', 'restart PostgreSQL where archive_mode needs it').default(false))
    .action(action(async () => (await import('../commands/init.ts')).initCommand));
  examples(command, [
    'dr init --dry-run',
    'dr init --restart',
    'dr init --env /etc/go-coffee-dr/dr.yaml',
    'dr init --repository secondary',
  ]);
};

export const declareBackup: Declare = (program, action) => {
  const kind = new Option('--kind <kind>', 'what to copy: everything, what changed, or configuration')
    .choices([...POINT_KINDS])
    .makeOptionMandatory();
  const command = program
    .command('backup')
    .description('Copy every workload to every repository and write a recovery point to each, last.')
    .addOption(kind)
    .addOption(onlyOption())
    .addOption(repositoriesOption())
    .addOption(dryRunOption())
    .action(action(async () => (await import('../commands/backup.ts')).backupCommand));
  examples(command, [
    'dr backup --kind full',
    'dr backup --kind incremental --repository primary,secondary',
    'dr backup --kind incremental --only redis',
  ]);
};
