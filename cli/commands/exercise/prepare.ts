/** `dr exercise prepare`: the facilitator's kit. */
import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../../command.ts';
import { examples } from '../../flags.ts';
import { planFileOf } from '../../plan-file.ts';

const declaration = () =>
  new Command('prepare')
    .description('Write the facilitator’s kit: timed injects, hidden facts, roles, expected decisions, score sheet.')
    .requiredOption('--scenario <id>', 'a scenario of the plan')
    .option('--out <file>', 'where the page goes (default: exercise-<scenario>.html here)')
    .addHelpText(
      'after',
      examples(
        'dr exercise prepare --scenario security-breach',
        'dr exercise prepare --scenario human-error --out kit.html',
      ),
    );

async function prepare(
  { scenario, out }: OptionsOf<typeof declaration>,
  context: CommandContext,
): Promise<CommandResult> {
  const [{ loadPlan }, { exerciseKit }, { kitPage }, { checkReportFile, writeReportFile }] = await Promise.all([
    import('../../../plan/load.ts'),
    import('../../../recovery/exercise/kit.ts'),
    import('../../../recovery/exercise/text.ts'),
    import('../../../recovery/report/report-folder.ts'),
  ]);
  const kit = exerciseKit(await loadPlan(await planFileOf(context.env)), scenario);
  const file = resolve(out ?? `exercise-${scenario}.html`);
  await checkReportFile(context.log, '--out', file);
  await writeReportFile(file, kitPage(kit));
  const { injects, hidden } = kit.script;
  const text = `${kit.title}: ${injects.length} injects, ${hidden.length} hidden facts, ${kit.milestones.length} expected decisions\nkit: ${file}`;
  return { kind: 'ExerciseKit', data: { file, ...kit }, text };
}

export const declare = freeCommand({ declare: declaration, run: prepare });
