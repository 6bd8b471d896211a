/** `dr init`: prepare the repositories. */
import { Command, Option } from '@commander-js/extra-typings';
import { lineageName } from '../../plan/layout.ts';
import type { RepositoryOutcome } from '../../recovery/config/repositories.ts';
import type { Site } from '../../recovery/config/site.ts';
import { isThereSync } from '../../recovery/core/absent.ts';
import { exitFor } from '../../recovery/core/exit.ts';
import { table } from '../../recovery/report/table.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { dryRunOption, examples, repositoriesOption } from '../flags.ts';
import { openSite } from '../open-site.ts';

const declaration = () =>
  new Command('init')
    .description('Prepare the repositories: pgBackRest stanza, restic repository, and the script for archive_command.')
    .addOption(repositoriesOption())
    .addOption(dryRunOption())
    .addOption(new Option('--restart', 'restart PostgreSQL where archive_mode needs it').default(false))
    .addOption(
      new Option(
        '--adopt',
        'take the place of the host that wrote for this site; that host can then no longer back up',
      ).default(false),
    )
    .addHelpText(
      'after',
      examples(
        'dr init --dry-run',
        'dr init --restart',
        'dr init --adopt',
        'dr init --env /etc/go-coffee-dr/dr.yaml',
        'dr init --repository secondary',
      ),
    );

type InitOptions = OptionsOf<typeof declaration>;

async function init(options: InitOptions, context: SiteContext): Promise<CommandResult> {
  const site = await openSite(context);
  if (options.dryRun) return dryRun(options, site);
  const { runInit } = await import('../../recovery/backup/init.ts');
  const result = await runInit(site, {
    repositories: options.repository,
    restart: options.restart,
    adopt: options.adopt,
    progress: context.progress,
    now: context.now,
  });
  const rows = result.repositories.map((r) => [
    r.id,
    r.error ? r.error.fact : r.restic === 'made' ? 'created' : 'already there',
  ]);
  const archive =
    result.lineage === undefined
      ? 'no PostgreSQL in this environment'
      : `PostgreSQL archives to lineage ${result.lineage}`;
  const changed =
    result.changed.length === 0
      ? ''
      : `\nchanged: ${result.changed.join(', ')}${result.restarted ? ' (restarted)' : ''}`;
  const repositories = result.repositories.map(({ error, ...r }) => ({
    ...r,
    ...(error ? { error: error.message } : {}),
  }));
  return {
    kind: 'Init',
    data: { ...result, repositories },
    text: `${table(['repository', 'restic'], rows)}\n${archive}${changed}`,
    exit: exitFor({ partial: result.repositories.some(({ error }) => error !== undefined) }),
  };
}

type Down = Extract<RepositoryOutcome, { state: 'down' }>;

/** What is not there yet and `dr init` makes: a folder, and a bucket where the environment file has keys for that. */
function isMade({ repository: { settings }, error }: Down): boolean {
  if (settings.type === 'posix') return error.code === 'REPOSITORY-UNREACHABLE' && !isThereSync(settings.path);
  return error.code === 'REPOSITORY-MISSING' && settings.admin !== undefined;
}

function stateOf(each: RepositoryOutcome): string {
  if (each.state === 'up') return 'reachable';
  return isMade(each) ? `new: ${each.error.fact}` : `unreachable: ${each.error.fact}`;
}

interface Restart {
  /** Undefined where the server does not tell. */
  readonly needed: boolean | undefined;
  readonly text: string;
}

async function restartOf(site: Site): Promise<Restart> {
  const [{ restartWanted }, { asDrError, rethrowBug }] = await Promise.all([
    import('../../recovery/workloads/postgres/archive/archiving.ts'),
    import('../../recovery/core/as-dr-error.ts'),
  ]);
  try {
    const settings = await restartWanted(site);
    if (settings.length === 0) return { needed: false, text: '' };
    const what = `${settings.join(' and ')} can't change while PostgreSQL runs`;
    return { needed: true, text: `\nA restart will be needed: ${what}. \`dr init --restart\` does it.` };
  } catch (error) {
    rethrowBug(error);
    const { fact } = asDrError(error, 'postgres');
    return { needed: undefined, text: `\nWhether PostgreSQL needs a restart is unknown: ${fact}` };
  }
}

async function dryRun(options: InitOptions, site: Site): Promise<CommandResult> {
  const [{ probeRepositories }, { readLineage }] = await Promise.all([
    import('../../recovery/config/repositories.ts'),
    import('../../recovery/config/lineage.ts'),
  ]);
  const probed = await probeRepositories(site, options.repository);
  const lineage = await readLineage(site);
  const rows = probed.map((each) => [each.repository.id, stateOf(each)]);
  const hints = probed.flatMap((each) =>
    each.state === 'down' && !isMade(each) ? [`${each.repository.id}: ${each.error.hint}`] : [],
  );
  const next = lineage
    ? `keep lineage ${lineage.name}`
    : `begin lineage ${lineageName(site.environment.site, site.environment.generation ?? 1)}`;
  const restart = await restartOf(site);
  const data = {
    dryRun: true,
    restartNeeded: restart.needed,
    lineage: lineage?.name ?? null,
    repositories: probed.map((each) => ({
      id: each.repository.id,
      error: each.state === 'down' ? each.error.message : undefined,
    })),
  };
  return {
    kind: 'Init',
    data,
    text: `${[table(['repository', 'state'], rows), ...hints].join('\n')}\nWould create missing restic repositories and stanzas, and ${next}.${restart.text}`,
  };
}

export const declare = siteCommand({ declare: declaration, run: init });
