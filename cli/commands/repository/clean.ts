/** `dr repository clean`: remove what an intruder laid down. Says what it would do, until the environment's name is given. */
import { Command } from '@commander-js/extra-typings';
import { exitFor } from '../../../recovery/core/exit.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { confirmOption, examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';
import { chosen } from './chosen.ts';

const declaration = () =>
  new Command('clean')
    .argument('[id...]', 'repositories (default: all of the plan)')
    .description(
      'List points, marks and fences without a good signature, and snapshots that no point names; with --confirm remove them.',
    )
    .addOption(confirmOption('the environment’s name, to remove them'))
    .option('--dry-run', 'list them, and stop (what happens without --confirm too)', false)
    .addHelpText('after', examples('dr repository clean', 'dr repository clean local --confirm production'));

/** Exit 3: a store refused to remove some of it. */
async function clean(
  { confirm, dryRun }: OptionsOf<typeof declaration>,
  context: SiteContext,
  ids: readonly string[],
): Promise<CommandResult> {
  const [{ findUnsigned }, { removeUnsigned }, { removedText, unsignedText }] = await Promise.all([
    import('../../../recovery/prune/unsigned/find.ts'),
    import('../../../recovery/prune/unsigned/remove.ts'),
    import('../../../recovery/prune/unsigned/text.ts'),
  ]);
  const site = await openSite(context);
  const found = [];
  for (const repository of chosen(site, ids))
    found.push({ repository, unsigned: await findUnsigned(site, repository) });
  const unsigned = found.map((each) => each.unsigned);
  const full = found.filter((each) => each.unsigned.objects.length + each.unsigned.snapshots.length > 0);
  const { name } = site.environment;
  if (dryRun || confirm === undefined || full.length === 0) {
    const next =
      full.length === 0 ? [] : [`nothing was removed; to remove them: dr repository clean --confirm ${name}`];
    const text = [...unsigned.map(unsignedText), ...next].join('\n');
    return { kind: 'RepositoryClean', data: { dryRun: true, found: unsigned, removed: [] }, text };
  }
  await context.confirm({ name, what: unsigned.map(unsignedText) });
  const removed = [];
  for (const each of full) removed.push(await removeUnsigned(site, each.repository, each.unsigned));
  const data = {
    dryRun: false,
    found: unsigned,
    removed: removed.map(({ refused, ...rest }) => ({
      ...rest,
      refused: refused.map(({ key, error }) => ({ key, code: error.code, fact: error.fact, hint: error.hint })),
    })),
  };
  const partial = removed.some(({ refused }) => refused.length > 0);
  return { kind: 'RepositoryClean', data, text: removed.map(removedText).join('\n'), exit: exitFor({ partial }) };
}

export const declare = siteCommand({ declare: declaration, run: clean });
