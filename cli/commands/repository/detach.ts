/** `dr repository detach`: go on without a repository that is gone. */
import { Command } from '@commander-js/extra-typings';
import type { DetachPlan } from '../../../recovery/repository/detach.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { confirmOption, dryRunOption, examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('detach')
    .argument('<id>', 'the repository')
    .description('Go on without a repository that is gone: no backup and no WAL goes there until it is attached.')
    .addOption(dryRunOption())
    .addOption(confirmOption('the repository’s name'))
    .addHelpText(
      'after',
      examples('dr repository detach secondary --dry-run', 'dr repository detach secondary --confirm secondary'),
    );

function linesOf({ repository, points, unreachable, left }: DetachPlan): string[] {
  const state =
    unreachable === undefined ? `answers, and holds ${points} points, which stay` : `does not answer: ${unreachable}`;
  return [
    `${repository}: ${state}`,
    `${repository}: no backup and no WAL goes there any more; what is made from now on is in ${left.join(', ')}`,
    `to take it back: dr repository attach ${repository}`,
  ];
}

async function detachOne(
  { dryRun }: OptionsOf<typeof declaration>,
  context: SiteContext,
  id: string,
): Promise<CommandResult> {
  const { detach, planDetach } = await import('../../../recovery/repository/detach.ts');
  const site = await openSite(context);
  const repository = site.repository(id);
  const plan = await planDetach(site, repository);
  const data = { dryRun, ...plan };
  if (dryRun) return { kind: 'RepositoryDetach', data, text: linesOf(plan).join('\n') };
  // A run that was killed is completed without asking again.
  if (plan.before?.state !== 'detached') await context.confirm({ name: id, what: linesOf(plan) });
  await detach(site, repository, context.now());
  return { kind: 'RepositoryDetach', data, text: linesOf(plan).join('\n') };
}

export const declare = siteCommand({ declare: declaration, run: detachOne });
