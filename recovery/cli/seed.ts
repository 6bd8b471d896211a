/** `dr seed`: what runs before whoever uses a volume first starts. */
import { examples } from './flags.ts';
import type { Declare } from './program.ts';

export const declareSeed: Declare = (program, action) => {
  const command = program
    .command('seed')
    .argument('<workload>', 'a Redis or a folder of the plan')
    .description(
      'Fill an empty volume from a copy before its server or service first starts; one with data is left alone.',
    )
    .requiredOption('--from <repository>', 'repository to read; no other one is asked')
    .option('--to <target>', 'latest, a point’s id, or a time with a zone', 'latest')
    .option(
      '--into <folder>',
      'a folder’s files go there and not to its place in the environment file; it must be there',
    )
    .action(action(async () => (await import('../commands/seed.ts')).seedCommand, { args: ['workload'] }));
  examples(command, [
    'dr seed redis --from secondary',
    'dr seed redis --from secondary --to 20261123T020000Z-full-7f3a',
    'dr seed uploads --from secondary --into /mnt/uploads',
  ]);
};
