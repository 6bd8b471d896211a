/** `dr impact`: what a change of a stack means for recovery, before it is made. */
import { Command } from '@commander-js/extra-typings';
import { badInput } from '../../recovery/core/errors.ts';
import { exitFor } from '../../recovery/core/exit.ts';
import type { BeforeAndAfter, Declared } from '../../recovery/impact/declared.ts';
import { rateOf, sizeOf } from '../amount-flags.ts';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../command.ts';
import { examples, verbatimListOption, wholeNumber } from '../flags.ts';

const declaration = () =>
  new Command('impact')
    .argument('[preview]', 'what `pulumi preview --json --show-sames` wrote')
    .description('Report what a change of a stack means for recovery, in Markdown. Exit 4 when something gets worse.')
    .option('--before <file>', 'instead of a preview: a stack export, or a preview, of the stack before the change')
    .option('--after <file>', 'and of the stack after it')
    .addOption(
      verbatimListOption(
        '--accept <what=reason>',
        'let an area, or one row of the table, get worse; several: repeat it',
        'nothing',
      ),
    )
    .option(
      '--longest <characters>',
      'cut the table between two rows, and say how many are left out',
      wholeNumber(1000, 'characters, 1000 or more'),
    )
    .option('--size <size>', 'of the database, as 500GB, for the row of the cost', sizeOf)
    .option('--change-rate <size/time>', 'WAL that it writes, as 50GB/d', rateOf)
    .addHelpText(
      'after',
      examples(
        'dr impact preview.json',
        'dr impact --before before.json --after after.json -o json',
        'dr impact preview.json --accept "instances=the third replica moves to another cluster this week"',
      ),
    );

type ImpactOptions = OptionsOf<typeof declaration>;

/** Exit 4: something gets worse, and nobody has accepted it. */
async function impact(options: ImpactOptions, _: CommandContext, preview?: string): Promise<CommandResult> {
  const [{ parseAcceptance }, { impactOf }, { impactMarkdown }] = await Promise.all([
    import('../../recovery/impact/accept.ts'),
    import('../../recovery/impact/report.ts'),
    import('../../recovery/impact/markdown.ts'),
  ]);
  const acceptances = options.accept.map(parseAcceptance);
  const { size, changeRate } = options;
  const load = size === undefined ? undefined : { size, wal: changeRate ?? size / 10, files: 0 };
  const report = impactOf(await sidesOf(preview, options), acceptances, { load });
  return {
    kind: 'Impact',
    data: report,
    text: impactMarkdown(report, options.longest),
    exit: exitFor({ objectiveMissed: report.refused.length > 0 }),
  };
}

async function sidesOf(preview: string | undefined, { before, after }: ImpactOptions): Promise<BeforeAndAfter> {
  const hint = 'write `dr impact preview.json`, or `dr impact --before A.json --after B.json`';
  const refused = (fact: string) => badInput({ code: 'USAGE', where: 'dr impact', fact, hint });
  if (preview !== undefined) {
    if (before !== undefined || after !== undefined) throw refused(`"${preview}" and --before or --after`);
    const written = await read(preview);
    if (written.kind === 'preview') return written;
    throw refused(`"${preview}" is a stack export, and holds one side only`);
  }
  if (before === undefined || after === undefined) {
    throw refused(before === undefined && after === undefined ? 'nothing to compare' : 'one side only');
  }
  const [was, is] = await Promise.all([stateIn(before), stateIn(after)]);
  if (was.stack === is.stack || was.resources.length === 0 || is.resources.length === 0) {
    return { before: was, after: is };
  }
  throw refused(`"${before}" is of the stack ${was.stack} and "${after}" of ${is.stack}`);
}

/** What a preview would leave behind, or what an export holds. */
async function stateIn(file: string): Promise<Declared> {
  const written = await read(file);
  return written.kind === 'preview' ? written.after : written.state;
}

async function read(file: string) {
  return (await import('../../recovery/impact/read.ts')).readWritten(file);
}

export const declare = freeCommand({ declare: declaration, run: impact });
