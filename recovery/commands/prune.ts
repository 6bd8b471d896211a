/** `dr prune` */
import { openSite } from '../config/site.ts';
import { runPrune } from '../prune/run.ts';
import { confirmationLines, pruneText } from '../prune/text.ts';
import type { Execute, PruneOptions } from './command.ts';

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
  return { kind: 'Prune', data: { dryRun, repositories }, text: pruneText(outcomes, dryRun), exit };
};
