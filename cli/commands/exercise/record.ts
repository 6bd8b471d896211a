/** `dr exercise record`: the team has noticed, declared, told somebody, or decided. */
import { Command } from '@commander-js/extra-typings';
import { formatDuration } from '../../../plan/duration.ts';
import { didYouMean } from '../../../plan/nearest.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('record')
    .argument('<what>', 'detection, declaration, first-message, or a step of the plan: immediate-1, recovery-2')
    .description('Record that the team has noticed, declared, sent its first message, or taken a step of the plan.')
    .option('--at <time>', 'when it was (default: now)')
    .option('--note <text>', 'what was said or done')
    .addHelpText(
      'after',
      examples('dr exercise record detection', 'dr exercise record immediate-2 --note "assessed from a laptop"'),
    );

async function record(
  options: OptionsOf<typeof declaration>,
  context: SiteContext,
  what: string,
): Promise<CommandResult> {
  const [{ exerciseKit }, { openExercises }, { accountName }, { parseMoment }] = await Promise.all([
    import('../../../recovery/exercise/kit.ts'),
    import('../../../recovery/exercise/store.ts'),
    import('../../../recovery/core/holder.ts'),
    import('../../../recovery/points/target.ts'),
  ]);
  const site = await openSite(context);
  const exercises = await openExercises(site);
  const running = exercises.running();
  const { milestones } = exerciseKit(site.plan, running.scenario);
  const known = milestones.map(({ id }) => id);
  const found = milestones.find(({ id }) => id === what);
  if (found === undefined) {
    throw badInput({
      code: 'MILESTONE-UNKNOWN',
      where: 'what',
      fact: `"${what}" is not expected in this exercise.${didYouMean(what, known)}`,
      hint: `one of: ${known.join(', ')}`,
    });
  }
  const now = context.now();
  const at = options.at === undefined ? now : parseMoment(options.at, now, '--at');
  const { note } = options;
  const event = { type: 'exercise-milestone', milestone: what, ...(note === undefined ? {} : { note }) } as const;
  await exercises.append(running.id, event, { by: accountName(), at, now });
  const after = (at.getTime() - running.startedAt.getTime()) / 1000;
  const limit = found.withinSeconds === undefined ? '' : ` of ${formatDuration(found.withinSeconds)}`;
  const text = `${found.title}: after ${formatDuration(after)}${limit}`;
  return { kind: 'ExerciseMilestone', data: { id: running.id, what, at: at.toISOString(), seconds: after }, text };
}

export const declare = siteCommand({ declare: declaration, run: record });
