/** `dr incident assign`: who holds a role of the plan's team from now on. */
import { Command } from '@commander-js/extra-typings';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { atOption, byOption, incidentData, incidentOption, openAll, writtenBy } from './open.ts';

const declaration = () =>
  new Command('assign')
    .argument('<role>', 'a role of the plan’s team, e.g. "Incident Commander"')
    .argument('[who]', 'primary, secondary, or a name (default: the secondary)')
    .description('Give a role to its secondary, back to its primary, or to somebody else.')
    .addOption(atOption('when that was'))
    .addOption(byOption())
    .addOption(incidentOption())
    .addHelpText(
      'after',
      examples('dr incident assign "Incident Commander"', 'dr incident assign "Technical Lead" "Ada Lovelace"'),
    );

async function assign(
  options: OptionsOf<typeof declaration>,
  context: SiteContext,
  role: string,
  who: string | undefined,
): Promise<CommandResult> {
  const { assignment } = await import('../../../recovery/incident/roles.ts');
  const { site, incidents } = await openAll(context);
  const { id } = incidents.openOne(options.incident);
  const event = assignment(site.plan, role, who);
  await incidents.append(id, event, await writtenBy(options, context));
  const { contact = '' } = site.plan.team.find((each) => each.role === event.role) ?? {};
  return {
    kind: 'Incident',
    data: incidentData(incidents.get(id)),
    text: `${event.role}: ${event.person} (${event.as}), ${contact}`,
  };
}

export const declare = siteCommand({ declare: declaration, run: assign });
