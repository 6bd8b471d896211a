/** `dr exercise start`: the clock runs. */
import { Command } from '@commander-js/extra-typings';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { dryRunOption, examples, verbatimListOption } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('start')
    .description('Begin an exercise: the clock of detection, declaration, first message and decisions runs.')
    .requiredOption('--scenario <id>', 'a scenario of the plan')
    .requiredOption('--by <name>', 'the facilitator')
    .addOption(
      verbatimListOption('--with <name>', 'who takes part, as the plan names them; several: repeat it', 'nobody'),
    )
    .addOption(dryRunOption())
    .addHelpText(
      'after',
      examples('dr exercise start --scenario security-breach --by "Ada Lovelace" --with CTO --with "Lead DevOps"'),
    );

async function start(options: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const [{ exerciseKit }, { openExercises }, { nextInject }] = await Promise.all([
    import('../../../recovery/exercise/kit.ts'),
    import('../../../recovery/exercise/store.ts'),
    import('../../../recovery/exercise/text.ts'),
  ]);
  const site = await openSite(context);
  const { scenario, by, with: names, dryRun } = options;
  const kit = exerciseKit(site.plan, scenario);
  const head = [`${kit.title}, with ${names.join(', ') || 'nobody named'}`, `read out: ${kit.script.opening}`];
  if (dryRun) {
    return { kind: 'Exercise', data: { scenario, names, dryRun }, text: [...head, 'nothing was started'].join('\n') };
  }
  const exercises = await openExercises(site);
  const id = await exercises.start({ type: 'exercise-started', scenario, names: [...names] }, by, context.now());
  const next = nextInject(kit, exercises.running());
  return {
    kind: 'Exercise',
    data: { id, scenario, names },
    text: [...head, `${id} runs`, ...(next ? [next] : [])].join('\n'),
  };
}

export const declare = siteCommand({ declare: declaration, run: start });
