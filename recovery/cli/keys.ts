/** `dr keys`: what a recovery needs besides the repositories, in one encrypted file. */
import { InvalidArgumentError, Option } from 'commander';
import { examples } from './flags.ts';
import type { Declare } from './program.ts';

function recipients(value: string, before: readonly string[]): string[] {
  if (value.trim() === '') throw new InvalidArgumentError('It is empty.');
  return [...before, value.trim()];
}

const FILE = 'the escrow file';
const IDENTITY = '--identity <file>';

export const declareKeys: Declare = (program, action) => {
  const keys = program
    .command('keys')
    .description(
      'Keep what a recovery needs besides the repositories: passphrases, keys, endpoints, the plan, this program.',
    );

  const escrow = keys
    .command('escrow')
    .description('Write all of it into one file that only the recipients can open (age).')
    .addOption(
      new Option('--recipient <age1…>', 'who can open it; several: repeat it')
        .argParser(recipients)
        .default([], 'none'),
    )
    .option('--out <file>', 'where it goes (default: <environment>-escrow-<date>.age here)')
    .option('--armor', 'as text, to print or to send', false)
    .action(action(async () => (await import('../commands/keys.ts')).keysEscrow));
  examples(escrow, [
    'dr keys escrow --recipient age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq',
    'dr keys escrow --recipient age1… --recipient age1… --out /mnt/safe/production.age --armor',
  ]);

  const show = keys
    .command('show')
    .argument('<file>', FILE)
    .description('List what an escrow file holds. No secret is shown.')
    .requiredOption(IDENTITY, 'file with the AGE-SECRET-KEY of a recipient')
    .action(action(async () => (await import('../commands/keys.ts')).keysShow, { args: ['file'], needsSite: false }));
  examples(show, ['dr keys show production-escrow-20261125.age --identity escrow.key']);

  const open = keys
    .command('open')
    .argument('<file>', FILE)
    .description('Lay an escrow file down as an environment that works: keys, dr.yaml, the plan, and this program.')
    .requiredOption(IDENTITY, 'file with the AGE-SECRET-KEY of a recipient')
    .requiredOption('--into <folder>', 'a folder that is absent or empty')
    .action(action(async () => (await import('../commands/keys.ts')).keysOpen, { args: ['file'], needsSite: false }));
  examples(open, [
    'dr keys open production-escrow-20261125.age --identity escrow.key --into /root/recovery',
    'dr points --env /root/recovery/dr.yaml',
  ]);
};
