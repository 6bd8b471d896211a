/** `dr init` */
import { Option } from 'commander';
import { lineageName } from '../../plan/layout.ts';
import { runInit } from '../../recovery/backup/init.ts';
import { readLineage } from '../../recovery/config/lineage.ts';
import { probeRepositories } from '../../recovery/config/repositories.ts';
import { openSite } from '../../recovery/config/site.ts';
import { EXIT } from '../../recovery/core/errors.ts';
import { table } from '../../recovery/report/table.ts';
import type { CommandResult, Declare, Execute, SiteOptions } from '../command.ts';
import { dryRunOption, examples, repositoriesOption } from '../flags.ts';

/** Lists are empty where a flag was not given: all repositories, all workloads. */
export interface InitOptions extends SiteOptions {
  readonly repository: readonly string[];
  readonly dryRun: boolean;
  /** Leave to restart PostgreSQL where `archive_mode` needs it. */
  readonly restart: boolean;
}

async function dryRun(options: InitOptions, site: Awaited<ReturnType<typeof openSite>>): Promise<CommandResult> {
  const probed = await probeRepositories(site, options.repository);
  const lineage = await readLineage(site);
  const rows = probed.map((each) => [
    each.repository.id,
    each.state === 'down' ? `not reachable: ${each.error.fact}` : 'reachable',
  ]);
  const next = lineage
    ? `goes on with lineage ${lineage.name}`
    : `begins lineage ${lineageName(site.environment.site, site.environment.generation ?? 1)}`;
  const data = {
    dryRun: true,
    lineage: lineage?.name ?? null,
    repositories: probed.map((each) => ({
      id: each.repository.id,
      error: each.state === 'down' ? each.error.message : undefined,
    })),
  };
  return {
    kind: 'Init',
    data,
    text: `${table(['repository', 'state'], rows)}\nWould make restic repositories and stanzas where missing; ${next}.`,
  };
}

export const initCommand: Execute<InitOptions> = async (options, context) => {
  const site = await openSite(options.env, context.log);
  if (options.dryRun) return dryRun(options, site);
  const result = await runInit(site, {
    repositories: options.repository,
    restart: options.restart,
    progress: context.progress,
    now: context.now,
  });
  const rows = result.repositories.map((r) => [
    r.id,
    r.error ? r.error.fact : r.restic === 'made' ? 'made' : 'was there',
  ]);
  const archive =
    result.lineage === undefined
      ? 'no PostgreSQL in this environment'
      : `PostgreSQL archives to lineage ${result.lineage}`;
  const changed =
    result.changed.length === 0
      ? ''
      : `\nchanged: ${result.changed.join(', ')}${result.restarted ? ' (restarted)' : ''}`;
  const failed = result.repositories.some((r) => r.error !== undefined);
  const repositories = result.repositories.map(({ error, ...r }) => ({
    ...r,
    ...(error ? { error: error.message } : {}),
  }));
  return {
    kind: 'Init',
    data: { ...result, repositories },
    text: `${table(['repository', 'restic'], rows)}\n${archive}${changed}`,
    exit: failed ? EXIT.partial : EXIT.ok,
  };
};

export const declareInit: Declare = (program, action) => {
  const command = program
    .command('init')
    .description('Prepare the repositories: pgBackRest stanza, restic repository, and the script for archive_command.')
    .addOption(repositoriesOption())
    .addOption(dryRunOption())
    .addOption(new Option('--restart', 'restart PostgreSQL where archive_mode needs it').default(false))
    .action(action(async () => (await import('./init.ts')).initCommand));
  examples(command, [
    'dr init --dry-run',
    'dr init --restart',
    'dr init --env /etc/go-coffee-dr/dr.yaml',
    'dr init --repository secondary',
  ]);
};
