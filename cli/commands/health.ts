/** `dr health`: do the services and the stores answer. */
import { Command, Option } from '@commander-js/extra-typings';
import type { Site } from '../../recovery/config/site.ts';
import { codeOf, messageOf } from '../../recovery/core/errors.ts';
import { exitFor } from '../../recovery/core/exit.ts';
import type { Progress } from '../../recovery/core/progress.ts';
import { painter } from '../../recovery/report/paint.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { examples, listOption, wholeNumber } from '../flags.ts';
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
    .addOption(
      new Option('--performance', 'time stores and services, and compare with good days; exit 4 when one is slower')
        .default(false)
        .conflicts(['comprehensive', 'stores', 'security']),
    )
    .addOption(
      new Option('--record', 'with --performance: keep this as what a good day looks like')
        .default(false)
        .implies({ performance: true }),
    )
    .addOption(
      new Option('--samples <number>', 'with --performance: how often each is timed')
        .argParser(wholeNumber(5, 'a number from 5'))
        .default(20),
    )
    .addOption(
      new Option('--security', 'look for what an intruder changes: roles, rights, old passwords, keys, ports')
        .default(false)
        .conflicts(['comprehensive', 'stores']),
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
        'dr health --performance --record',
        'dr health --security',
      ),
    );

export type HealthOptions = OptionsOf<typeof declaration>;

/** Exit 1: a probe does not answer. 4: one is worse. 3: one has no baseline, so nothing can be said of it. */
async function performance({ samples, record }: HealthOptions, context: SiteContext): Promise<CommandResult> {
  const [{ checkPerformance }, { performanceText }] = await Promise.all([
    import('../../recovery/status/performance/performance.ts'),
    import('../../recovery/status/performance/text.ts'),
  ]);
  const { now, progress } = context;
  const report = await checkPerformance(await openSite(context), { samples, record, now, progress });
  const has = (wanted: string): boolean => report.probes.some(({ state }) => state === wanted);
  return {
    exit: exitFor({
      failure: has('failed'),
      objectiveMissed: has('worse'),
      partial: has('no-baseline') && !report.recorded,
    }),
    kind: 'Performance',
    data: report,
    text: performanceText(report),
  };
}

async function security(context: SiteContext): Promise<CommandResult> {
  const [{ checkSecurity }, { securityText }] = await Promise.all([
    import('../../recovery/status/security/security.ts'),
    import('../../recovery/status/security/text.ts'),
  ]);
  const report = await checkSecurity(await openSite(context), context.now);
  return {
    exit: exitFor({ failure: !report.secure }),
    kind: 'Security',
    data: report,
    text: securityText(report, painter({ color: context.color })),
  };
}

export async function health(options: HealthOptions, context: SiteContext): Promise<CommandResult> {
  if (options.performance) return performance(options, context);
  if (options.security) return security(context);
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
