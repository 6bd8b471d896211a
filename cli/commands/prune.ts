/** `dr prune` */
import { openSite } from '../../recovery/config/site.ts';
import { runPrune } from '../../recovery/prune/run.ts';
import { confirmationLines, pruneText } from '../../recovery/prune/text.ts';
import type { Declare, Execute, SiteOptions } from '../command.ts';
import { confirmOption, dryRunOption, examples, repositoriesOption } from '../flags.ts';

export interface PruneOptions extends SiteOptions {
  readonly repository: readonly string[];
  readonly dryRun: boolean;
  readonly confirm?: string;
}

/** Exit 3: a repository could not be pruned, or its catalog is not in order; the others were. */
export const pruneCommand: Execute<PruneOptions> = async (options, context) => {
  const { dryRun, repository } = options;
  const { progress, now, signal } = context;
  const site = await openSite(options.env, context.log);
  const { name } = site.environment;
  const { outcomes, exit } = await runPrune(site, {
    repositories: repository,
    dryRun,
    now,
    progress,
    signal,
    approve: (plans) => context.confirm({ name, what: confirmationLines(plans) }),
  });
  const repositories = outcomes.map(({ error, ...rest }) =>
    error === undefined ? rest : { ...rest, error: { code: error.code, fact: error.fact, hint: error.hint } },
  );
  return { kind: 'Prune', data: { dryRun, repositories }, text: pruneText(outcomes, { dryRun }), exit };
};

export const declarePrune: Declare = (program, action) => {
  const command = program
    .command('prune')
    .description(
      'Remove what is older than its repository’s retention. Keeps the last verified, held and leased points.',
    )
    .addOption(repositoriesOption())
    .addOption(dryRunOption())
    .addOption(confirmOption('the environment’s name, to remove points'))
    .action(action(async () => (await import('./prune.ts')).pruneCommand));
  examples(command, ['dr prune --dry-run', 'dr prune --repository local --confirm production']);
};
