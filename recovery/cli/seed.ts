/** `dr seed`: what runs before a store's server first starts. */
import { examples } from './flags.ts';
import type { Declare } from './program.ts';

export const declareSeed: Declare = (program, action) => {
  const command = program
    .command('seed')
    .argument('<workload>', 'a Redis of the plan')
    .description(
      'Fill the empty volume of a store from a copy before its server first starts; one with data is left alone.',
    )
    .requiredOption('--from <repository>', 'repository to read; no other one is asked')
    .option('--to <target>', 'latest, a point’s id, or a time with a zone', 'latest')
    .action(action(async () => (await import('../commands/seed.ts')).seedCommand, { args: ['workload'] }));
  examples(command, [
    'dr seed redis --from secondary',
    'dr seed redis --from secondary --to 20261123T020000Z-full-7f3a',
  ]);
};
