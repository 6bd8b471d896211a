/** `dr evidence report`: a quarter for the auditor. */
import { createHash } from 'node:crypto';
import { Command, Option } from '@commander-js/extra-typings';
import { exitFor } from '../../../recovery/core/exit.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('report')
    .description(
      'Write a quarter for the auditor: recoveries, drills and verifications against the plan, and every exception. Exit 4 with one.',
    )
    .option('--quarter <quarter>', 'such as 2026-Q4 (default: the last one that has ended)')
    .addOption(new Option('--format <format>', 'md or html').choices(['md', 'html']).default('md'))
    .option('--out <file>', 'write it there (default: stdout)')
    .addHelpText(
      'after',
      examples(
        'dr evidence report',
        'dr evidence report --quarter 2026-Q4 --format html --out 2026-Q4.html',
        "dr evidence report --quarter 2026-Q4 -o json | jq -r '.exceptions[]'",
      ),
    );

async function report(options: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const [
    { lastQuarter, parseQuarter },
    { collectQuarter },
    { quarterReport },
    { quarterBlocks, quarterTitle },
    documents,
    { checkReportFile, writeReportFile },
  ] = await Promise.all([
    import('../../../recovery/readiness/quarter/quarter.ts'),
    import('../../../recovery/readiness/quarter/collect.ts'),
    import('../../../recovery/readiness/quarter/report.ts'),
    import('../../../recovery/readiness/quarter/document.ts'),
    import('../../../recovery/incident/post-mortem/document.ts'),
    import('../../../recovery/report/report-folder.ts'),
  ]);
  const now = context.now();
  const quarter = options.quarter === undefined ? lastQuarter(now) : parseQuarter(options.quarter, now);
  const { out } = options;
  if (out !== undefined) await checkReportFile(context.log, '--out', out);
  const data = quarterReport(quarter, await collectQuarter(await openSite(context), now));
  const blocks = quarterBlocks(data);
  const text =
    options.format === 'html' ? documents.documentHtml(quarterTitle(data), blocks) : documents.markdownOf(blocks);
  const sha256 = createHash('sha256').update(text).digest('hex');
  if (out !== undefined) await writeReportFile(out, text, 0o640);
  return {
    exit: exitFor({ partial: data.unread.length > 0, objectiveMissed: data.exceptions.length > 0 }),
    kind: 'QuarterReport',
    data: { ...data, sha256, ...(out === undefined ? {} : { file: out }) },
    text: out === undefined ? text.trimEnd() : `written to ${out}, SHA-256 ${sha256}`,
  };
}

export const quarterly = siteCommand({ declare: declaration, run: report });
