/** `dr runbook`: the plan's procedures with this site's names, to read and to walk. */
import { resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { type CommandResult, commandFamily, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples, listOption } from '../../flags.ts';
import { openSite } from '../../open-site.ts';
import { run, step } from './walk.ts';

const showDeclaration = () =>
  new Command('show')
    .description(
      'Print the runbook of this site: who to call, which command, what it prints when good, when to stop, how to go back.',
    )
    .addOption(
      listOption('--scenario <id>', 'only this scenario; several: repeat it, or use commas', 'all of the plan'),
    )
    .addOption(
      new Option('--format <format>', 'Markdown, or a page that prints well').choices(['md', 'html']).default('md'),
    )
    .option('--out <file>', 'write it there (default: print it)')
    .addHelpText(
      'after',
      examples(
        'dr runbook show',
        'dr runbook show --format html --out runbook.html',
        'dr runbook show --scenario security-breach',
      ),
    );

async function show(
  { scenario, format, out }: OptionsOf<typeof showDeclaration>,
  context: SiteContext,
): Promise<CommandResult> {
  const [{ readSiteFacts }, { makeRunbook }, { runbookMarkdown }, { runbookHtml }] = await Promise.all([
    import('../../../recovery/runbook/facts.ts'),
    import('../../../recovery/runbook/model.ts'),
    import('../../../recovery/runbook/markdown.ts'),
    import('../../../recovery/runbook/html.ts'),
  ]);
  const site = await openSite(context);
  const runbook = makeRunbook(site.plan, await readSiteFacts(site, context.now()), scenario);
  const text = format === 'html' ? runbookHtml(runbook) : runbookMarkdown(runbook);
  if (out === undefined) return { kind: 'Runbook', data: runbook, text };
  const file = resolve(out);
  const { checkReportFile, writeReportFile } = await import('../../../recovery/report/report-folder.ts');
  await checkReportFile(context.log, '--out', file);
  await writeReportFile(file, text);
  return { kind: 'Runbook', data: { ...runbook, file }, text: `written to ${file}` };
}

const showMember = siteCommand({ declare: showDeclaration, run: show });

export const declare = commandFamily({
  declare: () =>
    new Command('runbook').description('Print the runbook of this site, or walk it step by step during an incident.'),
  members: [showMember, run, step],
  byDefault: showMember,
});
