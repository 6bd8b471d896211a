/** `dr repository attach`: take a repository back. */
import { Command } from '@commander-js/extra-typings';
import { plural } from '../../../recovery/report/format.ts';
import type { AttachPlan } from '../../../recovery/repository/attach.ts';
import {
  type CommandContext,
  type CommandResult,
  type OptionsOf,
  type SiteContext,
  siteOrStackCommand,
} from '../../command.ts';
import { dryRunOption, examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';
import { openTakeover, planOf } from '../../takeover.ts';
import { backupOutcome } from './backup-text.ts';

const declaration = () =>
  new Command('attach')
    .argument('<id>', 'the repository')
    .description(
      'Take a detached repository back: check that it is the same, ship WAL there, make a full backup to it.',
    )
    .option('--stack <name>', 'of this stack, in place of the environment file')
    .addOption(dryRunOption())
    .addHelpText(
      'after',
      examples(
        'dr repository attach secondary --dry-run',
        'dr repository attach secondary',
        'dr repository attach primary --stack dr',
      ),
    );

function linesOf({ repository, before, points, newest, needed }: AttachPlan): string[] {
  const held = `${repository}: ${plural(points, 'point')}, ${newest === undefined ? 'none that is trusted' : `the newest is ${newest}`}`;
  if (!needed) return [held, `${repository} takes part already`];
  const since = before === undefined ? '' : ` since ${before.since}`;
  return [
    held,
    `${repository}: is the one that was detached${since}; it gets the WAL that it missed and a full backup`,
  ];
}

/** Exit 3: it takes part, and the full backup is missing or lacks something. Exit 5: it is not the repository that was detached. */
async function attachOne(
  { dryRun }: OptionsOf<typeof declaration>,
  context: SiteContext,
  id: string,
): Promise<CommandResult> {
  const { attach, planAttach } = await import('../../../recovery/repository/attach.ts');
  const site = await openSite(context);
  const repository = site.repository(id);
  const plan = await planAttach(site, repository);
  const head = { kind: 'RepositoryAttach', text: linesOf(plan).join('\n') };
  if (dryRun || !plan.needed) return { ...head, data: { dryRun, ...plan } };
  const { progress, now, signal } = context;
  const { data, lines, exit } = backupOutcome(id, await attach(site, repository, { progress, now, signal }));
  return { ...head, data: { dryRun, ...plan, backup: data }, text: [head.text, ...lines].join('\n'), exit };
}

async function attachForStack(
  { dryRun, stack }: OptionsOf<typeof declaration> & { stack: string },
  context: CommandContext,
  id: string,
): Promise<CommandResult> {
  const { attachToStack, planStackAttach } = await import('../../../recovery/failover/repository.ts');
  const ports = await openTakeover(context);
  const plan = await planStackAttach(ports, { stack, repository: id });
  const full = (await planOf(context.env)).schedules.find(({ kind }) => kind === 'full')?.id ?? 'daily';
  const { points, needed, others, namespace } = plan;
  const held = points === undefined ? `${id}: does not answer` : `${id}: answers, and holds ${plural(points, 'point')}`;
  const lines = needed
    ? [
        held,
        `${id}: takes part again from now on; moments while it was away can be restored from ${others.join(', ')}`,
        `for a full backup before the next scheduled one: kubectl -n ${namespace} create job --from=cronjob/dr-${full} dr-attach-${id}`,
      ]
    : [held, `${id} takes part already`];
  if (!dryRun && needed) await attachToStack(ports, plan);
  return { kind: 'RepositoryAttach', data: { dryRun, ...plan }, text: lines.join('\n') };
}

export const declare = siteOrStackCommand({ declare: declaration, run: attachOne, runForStack: attachForStack });
