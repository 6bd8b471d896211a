/** `dr assess`: what is lost, and what to do about it. */
import { Command } from '@commander-js/extra-typings';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { examples } from '../flags.ts';
import { openSite } from '../open-site.ts';

const declaration = () =>
  new Command('assess')
    .description('Report what is alive, lost or damaged, which scenario of the plan that is, and what to run next.')
    .addHelpText('after', examples('dr assess', 'dr assess -o json | jq -r .next.command'));

async function assess(_: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const [status, { assessmentText }] = await Promise.all([
    import('../../recovery/status/assess/assess.ts'),
    import('../../recovery/status/assess/text.ts'),
  ]);
  const site = await openSite(context);
  const { now, progress, signal } = context;
  const assessment = await status.assess(site, { now, progress, signal });
  const title = site.plan.scenarios.find(({ id }) => id === assessment.scenario)?.title;
  return { kind: 'Assessment', data: assessment, text: assessmentText(assessment, title) };
}

export const declare = siteCommand({ declare: declaration, run: assess });
