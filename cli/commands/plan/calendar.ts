/** `dr plan calendar`: of each test and review when it last ran, by whom, with which result, and when it is due. */
import { Command } from '@commander-js/extra-typings';
import { exitFor } from '../../../recovery/core/exit.ts';
import { painter } from '../../../recovery/report/paint.ts';
import { type CommandResult, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('calendar')
    .description('Show each test and review of the plan: when it last ran, by whom, its result, and when it is due.')
    .addHelpText(
      'after',
      examples('dr plan calendar', 'dr plan calendar -o json | jq ".rows[] | select(.state != \\"done\\")"'),
    );

/** Exit 4 when one is overdue, failed, or never ran; 3 when a repository with records could not be read. */
async function planCalendar(_: object, context: SiteContext): Promise<CommandResult> {
  const [{ readCalendar }, { calendarText }] = await Promise.all([
    import('../../../recovery/readiness/read-calendar.ts'),
    import('../../../recovery/readiness/text.ts'),
  ]);
  const site = await openSite(context);
  const { rows, refused, unread } = await readCalendar(site, context.now());
  return {
    exit: exitFor({ objectiveMissed: rows.some(({ state }) => state !== 'done'), partial: unread.length > 0 }),
    kind: 'PlanCalendar',
    data: { rows, refused, unread },
    text: [
      calendarText(rows, painter(context)),
      ...refused.map((line) => `not counted: ${line}`),
      ...unread.map(({ place, fact }) => `${place} was not read: ${fact}`),
    ].join('\n'),
  };
}

export const declare = siteCommand({ declare: declaration, run: planCalendar });
