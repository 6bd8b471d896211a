/** `dr readiness`: could this site recover today? */
import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { exitFor } from '../../../recovery/core/exit.ts';
import { painter } from '../../../recovery/report/paint.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('readiness')
    .description('Say whether this site could recover today: copies, tests, keys, people, forecast. Exit 4 when not.')
    .option('--html <file>', 'write the status page there too')
    .addHelpText(
      'after',
      examples(
        'dr readiness',
        'dr readiness --html readiness.html',
        'dr readiness -o json | jq -r \'.checks[] | select(.state != "ready") | "\\(.state)\\t\\(.title)\\t\\(.command)"\'',
      ),
    );

async function readiness(options: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const [{ readinessOf }, { readinessText }] = await Promise.all([
    import('../../../recovery/readiness/readiness.ts'),
    import('../../../recovery/readiness/text.ts'),
  ]);
  if (options.html !== undefined) {
    // Before anything is asked: a typing error must not cost the whole look.
    const { checkReportFile } = await import('../../../recovery/report/report-folder.ts');
    await checkReportFile(context.log, '--html', options.html);
  }
  const site = await openSite(context);
  const seen = await readinessOf(site, context.now());
  const { report } = seen;
  const file = options.html === undefined ? undefined : resolve(options.html);
  if (file !== undefined) {
    const [{ statusPage }, { runningIncident }] = await Promise.all([
      import('../../../recovery/readiness/page/page.ts'),
      import('../../../recovery/readiness/page/incident.ts'),
    ]);
    const now = context.now();
    const incident = runningIncident(seen.observation.incidents ?? [], site.plan, now);
    const { checkReportFile, writeReportFile } = await import('../../../recovery/report/report-folder.ts');
    await checkReportFile(context.log, '--html', file);
    await writeReportFile(file, statusPage({ plan: site.plan, ...seen, incident, now }));
  }
  return {
    exit: exitFor({ failure: report.blind, objectiveMissed: report.verdict !== 'ready' }),
    kind: 'Readiness',
    data: report,
    text: [readinessText(report, painter(context)), ...(file === undefined ? [] : [`page: ${file}`])].join('\n'),
  };
}

export const declare = siteCommand({ declare: declaration, run: readiness });
