/** `dr repository repair`: put right what the repository itself, or the other ones, still hold. */
import { Command } from '@commander-js/extra-typings';
import { badInput } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { Repair } from '../../../recovery/verify/state/repair.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { confirmOption, dryRunOption, examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('repair')
    .argument('<id>', 'the repository')
    .description(
      'Write pgBackRest’s lists and manifests again from their copies, WAL from another repository, restic’s index anew.',
    )
    .option('--wal <segment...>', 'WAL segments that are damaged there: take them from another repository')
    .option('--accept-removed', 'documents that are gone were removed on purpose: sign that', false)
    .addOption(dryRunOption())
    .addOption(confirmOption('the repository’s name'))
    .addHelpText(
      'after',
      examples(
        'dr repository repair local --dry-run',
        'dr repository repair local --confirm local',
        'dr repository repair local --wal 0000000100000000000000A3 --confirm local',
        'dr repository repair local --accept-removed --confirm local',
      ),
    );

/** Throws `USAGE` (exit 2). */
function segmentName(text: string): string {
  if (/^[0-9A-F]{24}$/.test(text)) return text;
  const fact = `"${text}" is not the name of a WAL segment, which has 24 hexadecimal digits`;
  throw badInput({ code: 'USAGE', where: '--wal', fact, hint: '`dr verify` names those that are damaged' });
}

/** Exit 5: something is lost that no repair brings back. */
async function repairOne(
  { dryRun, acceptRemoved, wal = [] }: OptionsOf<typeof declaration>,
  context: SiteContext,
  id: string,
): Promise<CommandResult> {
  const [{ inspectState }, { stateText }, { actionText, planRepair, repair }] = await Promise.all([
    import('../../../recovery/verify/state/inspect.ts'),
    import('../../../recovery/verify/state/text.ts'),
    import('../../../recovery/verify/state/repair.ts'),
  ]);
  const site = await openSite(context);
  const repository = site.repository(id);
  const options = { acceptRemoved, wal: wal.map(segmentName), now: context.now(), signal: context.signal };
  const before = await inspectState(site, repository);
  const plan = await planRepair(site, repository, before, options);
  const lines = ({ actions, left }: Repair): string[] => [
    ...(actions.length === 0 ? [`${id}: nothing to repair`] : actions.map((action) => `${id}: ${actionText(action)}`)),
    ...left.map((what) => `${id}: stays: ${what}`),
  ];
  const failed = exitFor({ verificationFailed: plan.left.length > 0 });
  if (dryRun || plan.actions.length === 0) {
    return { kind: 'RepositoryRepair', data: { dryRun, ...plan }, text: lines(plan).join('\n'), exit: failed };
  }
  await context.confirm({ name: id, what: lines(plan) });
  await repair(site, repository, plan, options);
  const after = await inspectState(site, repository);
  return {
    kind: 'RepositoryRepair',
    data: { dryRun, ...plan, after },
    text: [...lines(plan), stateText(after)].join('\n'),
    exit: exitFor({ verificationFailed: after.faults.length > 0, failure: after.error !== undefined }),
  };
}

export const declare = siteCommand({ declare: declaration, run: repairOne });
