/** `dr impact` */
/** `dr impact`: what a change of a stack means for recovery, before it is made. */
import { Option } from 'commander';
import { badInput } from '../../recovery/core/errors.ts';
import { parseAcceptance } from '../../recovery/impact/accept.ts';
import type { BeforeAndAfter, Declared } from '../../recovery/impact/declared.ts';
import { impactMarkdown } from '../../recovery/impact/markdown.ts';
import { readWritten } from '../../recovery/impact/read.ts';
import { exitOf, impactOf } from '../../recovery/impact/report.ts';
import type { Declare, Execute, MaybeSiteOptions } from '../command.ts';
import { examples } from '../flags.ts';

export interface ImpactOptions extends MaybeSiteOptions {
  /** One preview that holds both sides. */
  readonly preview?: string;
  readonly before?: string;
  readonly after?: string;
  /** `AREA=REASON`, or the words of a row of the table. */
  readonly accept: readonly string[];
}

/** What a preview would leave behind, or what an export holds. */
async function stateOf(file: string): Promise<Declared> {
  const written = await readWritten(file);
  return written.kind === 'preview' ? written.after : written.state;
}

async function sidesOf({ preview, before, after }: ImpactOptions): Promise<BeforeAndAfter> {
  const hint = 'write `dr impact preview.json`, or `dr impact --before A.json --after B.json`';
  const refused = (fact: string) => badInput({ code: 'USAGE', where: 'dr impact', fact, hint });
  if (preview !== undefined) {
    if (before !== undefined || after !== undefined) throw refused(`"${preview}" and --before or --after`);
    const written = await readWritten(preview);
    if (written.kind === 'preview') return written;
    throw refused(`"${preview}" is a stack export, and holds one side only`);
  }
  if (before === undefined || after === undefined) {
    throw refused(before === undefined && after === undefined ? 'nothing to compare' : 'one side only');
  }
  const [was, is] = await Promise.all([stateOf(before), stateOf(after)]);
  if (was.stack === is.stack || was.resources.length === 0 || is.resources.length === 0)
    return { before: was, after: is };
  throw refused(`"${before}" is of the stack ${was.stack} and "${after}" of ${is.stack}`);
}

/** Exit 4: something gets worse, and nobody has accepted it. */
export const impactCommand: Execute<ImpactOptions> = async (options) => {
  const acceptances = options.accept.map(parseAcceptance);
  const report = impactOf(await sidesOf(options), acceptances);
  return { kind: 'Impact', data: report, text: impactMarkdown(report), exit: exitOf(report) };
};

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
      action(async () => (await import('./impact.ts')).impactCommand, {
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
