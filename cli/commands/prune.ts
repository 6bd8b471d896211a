/** `dr prune`: remove what its repository no longer has to keep. */
import { Command, Option } from '@commander-js/extra-typings';
import { badInput } from '../../recovery/core/errors.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { confirmOption, dryRunOption, examples, repositoriesOption } from '../flags.ts';
import { openSite } from '../open-site.ts';

const pruneOptions = () =>
  new Command('prune')
    .description(
      'Remove what is older than its repository’s retention. Keeps the last verified, held and leased points.',
    )
    .addOption(repositoriesOption())
    .addOption(dryRunOption())
    .addOption(confirmOption('the environment’s name, to remove points'))
    .addOption(
      new Option(
        '--remove <number>',
        'how many points go; needed where that is more than the plan’s share of a repository (safeguards.pruneShare)',
      ).argParser(wholeNumber),
    )
    .addHelpText(
      'after',
      examples(
        'dr prune --dry-run',
        'dr prune --repository local --confirm production',
        'dr prune --repository local --remove 120 --confirm production',
      ),
    );

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw badInput({
    code: 'USAGE',
    where: '--remove',
    fact: `"${text}" is not a number of points`,
    hint: 'type the number that `dr prune --dry-run` shows',
  });
}

/** Exit 3: a repository could not be pruned, or its catalog is not in order; the others were. */
async function prune(options: OptionsOf<typeof pruneOptions>, context: SiteContext): Promise<CommandResult> {
  const [{ runPrune }, { checkShare }, { confirmationLines, pruneText }] = await Promise.all([
    import('../../recovery/prune/run.ts'),
    import('../../recovery/prune/safeguards.ts'),
    import('../../recovery/prune/text.ts'),
  ]);
  const { dryRun, repository } = options;
  const { progress, now, signal } = context;
  const site = await openSite(context);
  const { name } = site.environment;
  const { outcomes, exit } = await runPrune(site, {
    repositories: repository,
    dryRun,
    now,
    progress,
    signal,
    approve: async (plans) => {
      checkShare(plans, site.plan, options.remove);
      await context.confirm({ name, what: confirmationLines(plans) });
    },
  });
  const repositories = outcomes.map(({ error, ...rest }) =>
    error === undefined ? rest : { ...rest, error: { code: error.code, fact: error.fact, hint: error.hint } },
  );
  return { kind: 'Prune', data: { dryRun, repositories }, text: pruneText(outcomes, { dryRun }), exit };
}

export const declare = siteCommand({ declare: pruneOptions, run: prune });
