/** `dr init` */
import { lineageName } from '../../plan/layout.ts';
import { runInit } from '../backup/init.ts';
import { readLineage } from '../config/lineage.ts';
import { probeRepositories } from '../config/repositories.ts';
import { openSite } from '../config/site.ts';
import { EXIT } from '../core/errors.ts';
import { table } from '../report/table.ts';
import type { CommandResult, Execute, InitOptions } from './command.ts';

async function dryRun(options: InitOptions, site: Awaited<ReturnType<typeof openSite>>): Promise<CommandResult> {
  const probed = await probeRepositories(site, options.repository);
  const lineage = await readLineage(site);
  const rows = probed.map(({ repository, error }) => [
    repository.id,
    error ? `not reachable: ${error.fact}` : 'reachable',
  ]);
  const next = lineage
    ? `goes on with lineage ${lineage.name}`
    : `begins lineage ${lineageName(site.environment.site, site.environment.generation ?? 1)}`;
  const data = {
    dryRun: true,
    lineage: lineage?.name ?? null,
    repositories: probed.map(({ repository, error }) => ({ id: repository.id, error: error?.message })),
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
