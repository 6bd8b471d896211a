/** `dr repository detach`: go on without a repository that is gone. */
import { Command } from '@commander-js/extra-typings';
import type { DetachPlan } from '../../../recovery/repository/detach.ts';
import {
  type CommandContext,
  type CommandResult,
  type OptionsOf,
  type SiteContext,
  siteOrStackCommand,
} from '../../command.ts';
import { confirmOption, dryRunOption, examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';
import { openTakeover } from '../../takeover.ts';

const declaration = () =>
  new Command('detach')
    .argument('<id>', 'the repository')
    .description('Go on without a repository that is gone: no backup and no WAL goes there until it is attached.')
    .option('--stack <name>', 'of this stack, in place of the environment file')
    .addOption(dryRunOption())
    .addOption(confirmOption('the repository’s name'))
    .addHelpText(
      'after',
      examples(
        'dr repository detach secondary --dry-run',
        'dr repository detach secondary --confirm secondary',
        'dr repository detach primary --stack dr --confirm primary',
      ),
    );

function linesOf({ repository, points, unreachable, left }: DetachPlan, stack?: string): string[] {
  const state =
    unreachable === undefined ? `answers, and holds ${points} points, which stay` : `does not answer: ${unreachable}`;
  return [
    `${repository}: ${state}`,
    `${repository}: no backup and no WAL goes there any more; what is made from now on is in ${left.join(', ')}`,
    `to take it back: dr repository attach ${repository}${stack === undefined ? '' : ` --stack ${stack}`}`,
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

async function detachForStack(
  { dryRun, stack }: OptionsOf<typeof declaration> & { stack: string },
  context: CommandContext,
  id: string,
): Promise<CommandResult> {
  const { detachFromStack, planStackDetach } = await import('../../../recovery/failover/repository.ts');
  const ports = await openTakeover(context);
  const plan = await planStackDetach(ports, { stack, repository: id });
  const { points, unreachable, others, needed } = plan;
  const seen = {
    ...(points === undefined ? {} : { points }),
    ...(unreachable === undefined ? {} : { unreachable }),
  };
  const lines = linesOf({ repository: id, ...seen, left: others }, stack);
  const text = needed ? lines.join('\n') : `${id} takes no part already`;
  if (!dryRun && needed) {
    await context.confirm({ name: id, what: lines });
    await detachFromStack(ports, plan);
  }
  return { kind: 'RepositoryDetach', data: { dryRun, ...plan }, text };
}

export const declare = siteOrStackCommand({ declare: declaration, run: detachOne, runForStack: detachForStack });
