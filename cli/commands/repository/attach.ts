/** `dr repository attach`: take a repository back. */
import { Command } from '@commander-js/extra-typings';
import { plural } from '../../../recovery/report/format.ts';
import type { AttachPlan } from '../../../recovery/repository/attach.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { dryRunOption, examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';
import { backupOutcome } from './backup-text.ts';

const declaration = () =>
  new Command('attach')
    .argument('<id>', 'the repository')
    .description(
      'Take a detached repository back: check that it is the same, ship WAL there, make a full backup to it.',
    )
    .addOption(dryRunOption())
    .addHelpText('after', examples('dr repository attach secondary --dry-run', 'dr repository attach secondary'));

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

export const declare = siteCommand({ declare: declaration, run: attachOne });
