/** `dr health` */
/** Commands that only ask: what is lost, what is well, what is missing here, and do we meet our objectives. */
import { Option } from 'commander';
import { openSite } from '../../recovery/config/site.ts';
import { EXIT } from '../../recovery/core/errors.ts';
import type { Progress } from '../../recovery/core/progress.ts';
import { checkHealth } from '../../recovery/status/health/check.ts';
import { healthText } from '../../recovery/status/health/text.ts';
import { untilHealthy, waitOf } from '../../recovery/status/health/wait.ts';
import type { Declare, Execute, SiteOptions } from '../command.ts';
import { examples, listOption } from '../flags.ts';

export interface HealthOptions extends SiteOptions {
  readonly comprehensive: boolean;
  readonly stores: boolean;
  /** As typed: `15m`. @default ask once */
  readonly wait?: string;
  /** `P1`… @default every tier */
  readonly tier: readonly string[];
}

export const healthCommand: Execute<HealthOptions> = async (options, context) => {
  const wait = options.wait === undefined ? undefined : waitOf(options.wait);
  const site = await openSite(options.env, context.log);
  const { comprehensive, stores, tier } = options;
  const { now, progress, signal, color } = context;
  // Each round anew would draw over the one before.
  const ask = (told?: Progress) =>
    checkHealth(site, { comprehensive, stores, tier, now, signal, ...(told && { progress: told }) });
  const report =
    wait === undefined ? await ask(progress) : await untilHealthy(() => ask(), { seconds: wait, signal, progress });
  return {
    exit: report.healthy ? EXIT.ok : EXIT.failure,
    kind: 'Health',
    data: report,
    text: healthText(report, color),
  };
};

export const declareQuestions: Declare = (program, action) => {
  const assess = program
    .command('assess')
    .description('Say what is alive, lost or damaged, which scenario of the plan that is, and what to type next.')
    .action(action(async () => (await import('./assess.ts')).assessCommand));
  examples(assess, ['dr assess', 'dr assess -o json | jq -r .next.command']);

  const health = program
    .command('health')
    .description(
      'Ask every service, PostgreSQL and Redis whether they answer, a tier at a time. Exit 1 when one is not well.',
    )
    .option('--comprehensive', 'also ask the data, the age of backups, the repositories and the disks', false)
    .addOption(
      new Option('--stores', 'only PostgreSQL and Redis: they answer, and PostgreSQL takes writes')
        .default(false)
        .conflicts('comprehensive'),
    )
    .addOption(listOption('--tier <id>', 'only this tier, e.g. P1; several: repeat it, or use commas', 'every tier'))
    .option('--wait <duration>', 'ask again until all is well, for this long at most, e.g. 15m')
    .action(action(async () => (await import('./health.ts')).healthCommand));
  examples(health, [
    'dr health',
    'dr health --comprehensive',
    'dr health --tier P1,P2 -o json',
    'dr health --stores --wait 10m',
  ]);

  const doctor = program
    .command('doctor')
    .description(
      'Check this machine: engines and their versions, keys, folders, and what is missing to back up or restore.',
    )
    .action(action(async () => (await import('./doctor.ts')).doctorCommand, { needsSite: false }));
  examples(doctor, ['dr doctor', 'dr doctor --env /etc/go-coffee-dr/dr.yaml']);

  const objectives = program
    .command('objectives')
    .description(
      'Compare the plan’s RTO and RPO with what is so: the age of the newest copies, the last measured restores.',
    )
    .action(action(async () => (await import('./objectives.ts')).objectivesCommand));
  examples(objectives, ['dr objectives', 'dr objectives -o json | jq .missed']);
};
