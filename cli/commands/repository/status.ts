/** `dr repository status`: what each repository holds, what the others remember of it, and what is missing. */
import { Command } from '@commander-js/extra-typings';
import { detachedFact, detachments, wayBack } from '../../../recovery/config/detached.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';
import { chosen } from './chosen.ts';

const declaration = () =>
  new Command('status')
    .argument('[id...]', 'repositories (default: all of the plan)')
    .description('Show heads, keys, the engines’ own state and what is missing. Reads only.')
    .addHelpText('after', examples('dr repository status', 'dr repository status secondary -o json'));

/** Exit 5: something is missing, altered or unsigned. Exit 3: a repository can't be read. */
async function status(
  _: OptionsOf<typeof declaration>,
  context: SiteContext,
  ids: readonly string[],
): Promise<CommandResult> {
  const [{ inspectState }, { stateText }] = await Promise.all([
    import('../../../recovery/verify/state/inspect.ts'),
    import('../../../recovery/verify/state/text.ts'),
  ]);
  const site = await openSite(context);
  const states = [];
  for (const repository of chosen(site, ids)) states.push(await inspectState(site, repository));
  const detached = detachments(site);
  const lines = [...detached].map(
    ([id, each]) => `${id}: ${detachedFact(each)}; to take it back: ${wayBack(id, each)}`,
  );
  return {
    kind: 'RepositoryStatus',
    data: { repositories: states, detached: Object.fromEntries(detached) },
    text: [...states.map(stateText), ...lines].join('\n\n'),
    exit: exitFor({
      verificationFailed: states.some(({ faults }) => faults.length > 0),
      failure: states.every(({ error }) => error !== undefined),
      partial: states.some(({ error }) => error !== undefined),
    }),
  };
}

export const declare = siteCommand({ declare: declaration, run: status });
