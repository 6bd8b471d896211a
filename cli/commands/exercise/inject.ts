/** `dr exercise inject`: the facilitator says what happens next. */
import { Command } from '@commander-js/extra-typings';
import { badInput } from '../../../recovery/core/errors.ts';
import { type CommandResult, type SiteContext, siteCommand } from '../../command.ts';
import { examples, wholeNumber } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const number = wholeNumber(1, 'a number of the kit, from 1');

const declaration = () =>
  new Command('inject')
    .argument('<number>', 'of the kit', number)
    .description('Give an inject: print what to say, and record when it was said.')
    .addHelpText('after', examples('dr exercise inject 1'));

async function inject(_: object, context: SiteContext, n: number): Promise<CommandResult> {
  const [{ exerciseKit }, { openExercises }, { nextInject }, { accountName }] = await Promise.all([
    import('../../../recovery/exercise/kit.ts'),
    import('../../../recovery/exercise/store.ts'),
    import('../../../recovery/exercise/text.ts'),
    import('../../../recovery/core/holder.ts'),
  ]);
  const site = await openSite(context);
  const exercises = await openExercises(site);
  const running = exercises.running();
  const kit = exerciseKit(site.plan, running.scenario);
  const found = kit.script.injects[n - 1];
  if (found === undefined) {
    throw badInput({
      code: 'INJECT-UNKNOWN',
      where: 'number',
      fact: `the kit has no inject ${n}`,
      hint: `it has 1 to ${kit.script.injects.length}`,
    });
  }
  await exercises.append(running.id, { type: 'exercise-inject', inject: n }, { by: accountName(), now: context.now() });
  const next = nextInject(kit, exercises.running());
  const text = [`to ${found.to}: ${found.text}`, `expected: ${found.expects}`, ...(next === undefined ? [] : [next])];
  return { kind: 'ExerciseInject', data: { id: running.id, number: n, ...found }, text: text.join('\n') };
}

export const declare = siteCommand({ declare: declaration, run: inject });
