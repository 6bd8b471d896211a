/** `dr impact`: what a change of a stack means for recovery, before it is made. */
import { Option } from 'commander';
import { examples } from './flags.ts';
import type { Declare } from './program.ts';

export const declareImpact: Declare = (program, action) => {
  const command = program
    .command('impact')
    .argument('[preview]', 'what `pulumi preview --json --show-sames` wrote')
    .description('Say what a change of a stack means for recovery, in Markdown. Exit 4 when something gets worse.')
    .option('--before <file>', 'instead of a preview: a stack export, or a preview, of the one side')
    .option('--after <file>', 'and of the other')
    .addOption(
      new Option('--accept <what=reason>', 'let an area, or one thing of the table, get worse; several: repeat it')
        .argParser((text: string, before: readonly string[]) => [...before, text])
        .default([], 'nothing'),
    )
    .action(
      action(async () => (await import('../commands/impact.ts')).impactCommand, {
        needsSite: false,
        args: ['preview'],
      }),
    );
  examples(command, [
    'dr impact preview.json',
    'dr impact --before before.json --after after.json -o json',
    'dr impact preview.json --accept "instances=the third replica moves to another cluster this week"',
  ]);
};
