/** `dr exercise flows`: does the business work on this platform, and what do people do by hand where it does not. */
import { Command } from '@commander-js/extra-typings';
import { badInput } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { painter } from '../../../recovery/report/paint.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('flows')
    .description('Try each business flow of the plan on this platform; list the manual work-arounds with their owners.')
    .option('--by <name>', 'record it as the test of business continuity, and who answers for it')
    .addHelpText('after', examples('dr exercise flows', 'dr exercise flows --env recovered.yaml --by "Ada Lovelace"'));

/** Exit 1 when a flow is broken, 3 when one could not be tried whole. */
async function flows({ by }: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const [{ continuityTests, tryFlows }, { flowsText }] = await Promise.all([
    import('../../../recovery/exercise/flows.ts'),
    import('../../../recovery/exercise/text.ts'),
  ]);
  const site = await openSite(context);
  if (site.plan.flows.length === 0) {
    throw badInput({
      code: 'FLOWS-EMPTY',
      where: 'flows',
      fact: 'the plan names no business flow',
      hint: 'write flows into the plan; `dr plan show -o json` has the shipped ones',
    });
  }
  const results = await tryFlows(site, context.signal);
  const has = (state: string): boolean => results.some((each) => each.state === state);
  const text = flowsText(results, painter(context));
  const result = {
    exit: exitFor({ failure: has('broken'), partial: has('unknown') }),
    kind: 'BusinessFlows',
    data: { flows: results },
  };
  if (by === undefined) return { ...result, text };
  const { recorded } = await import('../plan/recorded.ts');
  const passed = results.every(({ state }) => state === 'works');
  const note = results.map(({ id, state }) => `${id} ${state}`).join(', ');
  const facts = { by, about: 'test', result: passed ? 'passed' : 'failed', note } as const;
  const kept = [];
  for (const { id } of continuityTests(site.plan)) kept.push(await recorded(site, { ...facts, id }, context.now()));
  return { ...result, text: [text, ...kept.flatMap(({ lines }) => lines)].join('\n') };
}

export const declare = siteCommand({ declare: declaration, run: flows });
