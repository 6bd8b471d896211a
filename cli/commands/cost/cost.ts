/** `dr cost`: what the copies cost in a month, by repository, and what would make them cheaper. */
import { Command, Option } from '@commander-js/extra-typings';
import { badInput } from '../../../recovery/core/errors.ts';
import { rateOf, sizeOf } from '../../amount-flags.ts';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../../command.ts';
import { examples } from '../../flags.ts';
import { planFileOf } from '../../plan-file.ts';

const declaration = () =>
  new Command('cost')
    .description(
      'Say what the copies cost in a month, by repository, and the changes that save most at the same objectives.',
    )
    .option('--size <size>', 'of the database, as 500GB', sizeOf)
    .option('--change-rate <size/time>', 'WAL that the database writes, as 50GB/d', rateOf)
    .option('--files <size>', 'of the folders, git mirrors and images together', sizeOf)
    .option('--plan <file>', 'a plan in YAML or JSON (default: the environment file’s, else the shipped one)')
    .option('--stack <name>', 'take site, storage classes and, without --plan, the plan from Pulumi.<name>.yaml')
    .option('--prices <file>', 'your price list, as `dr cost --show-prices` prints one')
    .option('--show-prices', 'print the price list that is used, and stop')
    .addOption(
      new Option('--local-volume <kind>', 'the storage of the local repository').choices(['gp3', 'efs'] as const),
    )
    .addOption(new Option('--incremental <kind>', 'what an incremental stores').choices(['blocks', 'files'] as const))
    .addOption(new Option('--way <kind>', 'how the cluster reaches S3').choices(['endpoint', 'nat'] as const))
    .addHelpText(
      'after',
      examples(
        'dr cost --size 500GB --change-rate 50GB/d',
        'dr cost --size 2TB --change-rate 8GB/h --stack production --prices prices.yaml',
        'dr cost --size 500GB --change-rate 50GB/d -o json | jq .total',
      ),
    );

type CostOptions = OptionsOf<typeof declaration>;

/** A guessed size would make a guessed bill. */
const unstated = (flag: string) =>
  badInput({
    code: 'USAGE',
    where: 'dr cost',
    fact: `${flag} is missing`,
    hint: 'write `dr cost --size 500GB --change-rate 50GB/d`, with your own figures',
  });

async function cost(options: CostOptions, context: CommandContext): Promise<CommandResult> {
  const [{ costReport, readPrices, stackPlan }, { costText }] = await Promise.all([
    import('./report.ts'),
    import('./text.ts'),
  ]);
  const prices = await readPrices(options.prices);
  if (options.showPrices === true) {
    const { stringify } = await import('yaml');
    return { kind: 'PriceList', data: prices, text: stringify(prices).trimEnd() };
  }
  const { size, changeRate, files = 0 } = options;
  if (size === undefined || changeRate === undefined) throw unstated(size === undefined ? '--size' : '--change-rate');
  const { loadPlan } = await import('../../../plan/load.ts');
  const plan =
    options.stack !== undefined && options.plan === undefined
      ? await stackPlan(options.stack)
      : await loadPlan(options.plan ?? (await planFileOf(context.env)));
  const report = await costReport({ ...options, plan, prices, load: { size, wal: changeRate, files } });
  return { kind: 'Cost', data: report, text: costText(report) };
}

export const declare = freeCommand({ declare: declaration, run: cost });
