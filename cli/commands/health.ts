/** `dr health`: do the services and the stores answer. */
import { Command, Option } from '@commander-js/extra-typings';
import type { Site } from '../../recovery/config/site.ts';
import { codeOf, messageOf } from '../../recovery/core/errors.ts';
import { exitFor } from '../../recovery/core/exit.ts';
import type { Progress } from '../../recovery/core/progress.ts';
import { painter } from '../../recovery/report/paint.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { examples, listOption } from '../flags.ts';
import { openSite } from '../open-site.ts';

const declaration = () =>
  new Command('health')
    .description(
      'Check that every service, PostgreSQL and Redis answer, a tier at a time. Exit 1 when one is not healthy.',
    )
    .option('--comprehensive', 'also check the data, the age of backups, the repositories and the disks', false)
    .addOption(
      new Option('--stores', 'only PostgreSQL and Redis: they answer, and PostgreSQL takes writes')
        .default(false)
        .conflicts('comprehensive'),
    )
    .addOption(listOption('--tier <id>', 'only this tier, e.g. P1; several: repeat it, or use commas', 'every tier'))
    .option('--wait <duration>', 'repeat until all is healthy, for this long at most, e.g. 15m')
    .addHelpText(
      'after',
      examples(
        'dr health',
        'dr health --comprehensive',
        'dr health --tier P1,P2 -o json',
        'dr health --stores --wait 10m',
      ),
    );

export type HealthOptions = OptionsOf<typeof declaration>;

export async function health(options: HealthOptions, context: SiteContext): Promise<CommandResult> {
  const [{ checkHealth }, { healthText }, { untilHealthy, parseWait }] = await Promise.all([
    import('../../recovery/status/health/check.ts'),
    import('../../recovery/status/health/text.ts'),
    import('../../recovery/status/health/wait.ts'),
  ]);
  const wait = options.wait === undefined ? undefined : parseWait(options.wait);
  const site = await openSite(context);
  const { comprehensive, stores, tier } = options;
  const { now, progress, signal, color } = context;
  const check = (shown?: Progress) =>
    checkHealth(site, { comprehensive, stores, tier, now, signal, ...(shown && { progress: shown }) });
  // While it waits, the rounds show no progress of their own: each would draw over the one before.
  const report =
    wait === undefined ? await check(progress) : await untilHealthy(() => check(), { seconds: wait, signal, progress });
  if (comprehensive && tier.length === 0) await remember(site, report.healthy, context);
  return {
    exit: exitFor({ failure: !report.healthy }),
    kind: 'Health',
    data: report,
    text: healthText(report, painter({ color })),
  };
}

/** The calendar of tests reads it. The result stands where the state folder can't be written. */
async function remember(site: Site, ok: boolean, { now, log }: SiteContext): Promise<void> {
  const [{ recordRun }, { accountName }] = await Promise.all([
    import('../../recovery/report/runs.ts'),
    import('../../recovery/core/holder.ts'),
  ]);
  const { stateDir } = site.environment;
  try {
    await recordRun(stateDir, { at: now().toISOString(), what: 'health', ok, by: accountName() });
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    log.warn({ stateDir, error: messageOf(error) }, 'the calendar of tests does not learn of this check');
  }
}

export const declare = siteCommand({ declare: declaration, run: health });
