/** `dr exercise finish`: the report, what was missed, and the next date. */
import { Command } from '@commander-js/extra-typings';
import { dueAfter, exerciseTests } from '../../../plan/people/calendar.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { dryRunOption, examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('finish')
    .description('End the exercise: report its times and what was missed, with follow-ups; keep attendance and result.')
    .requiredOption('--by <name>', 'who answers for it')
    .option('--note <text>', 'what was learned')
    .addOption(dryRunOption())
    .addHelpText(
      'after',
      examples(
        'dr exercise finish --by "Ada Lovelace" --note "the bridge number is wrong"',
        'dr exercise finish --by Ada --dry-run',
      ),
    );

/** Exit 4 when a decision was late or missed. */
async function finish(
  { by, note, dryRun }: OptionsOf<typeof declaration>,
  context: SiteContext,
): Promise<CommandResult> {
  const [{ exerciseKit }, { openExercises }, { scoreOf }, { scoreText }] = await Promise.all([
    import('../../../recovery/exercise/kit.ts'),
    import('../../../recovery/exercise/store.ts'),
    import('../../../recovery/exercise/exercise.ts'),
    import('../../../recovery/exercise/text.ts'),
  ]);
  const site = await openSite(context);
  const exercises = await openExercises(site);
  const running = exercises.running();
  const kit = exerciseKit(site.plan, running.scenario);
  const score = scoreOf(kit, running);
  const now = context.now();
  const tests = exerciseTests(site.plan);
  const next = tests.map(
    ({ title, cadence }) => `${title}: next by ${dueAfter(now, cadence).toISOString().slice(0, 10)}`,
  );
  const result = {
    exit: exitFor({ objectiveMissed: !score.passed }),
    kind: 'ExerciseReport',
    data: {
      id: running.id,
      scenario: kit.scenario,
      startedAt: running.startedAt,
      names: running.names,
      ...score,
      next,
    },
  };
  const text = scoreText(kit, running, score);
  if (dryRun) return { ...result, text: `${text}\nit still runs` };
  const { recorded } = await import('../plan/recorded.ts');
  const names = running.names.length === 0 ? {} : { names: [...running.names] };
  const facts = Object.fromEntries(
    score.rows.flatMap(({ id, seconds }) => (seconds === undefined ? [] : [[id, seconds]])),
  );
  const outcome = {
    by,
    result: score.passed ? 'passed' : 'failed',
    ...names,
    facts,
    ...(note === undefined ? {} : { note }),
  } as const;
  const kept = await recorded(site, { ...outcome, about: 'exercise', id: kit.scenario }, now);
  // Practised is practised: what was missed is a follow-up, and the calendar wants to know when the team met.
  for (const { id } of tests) await recorded(site, { ...outcome, result: 'passed', about: 'test', id }, now);
  await exercises.append(
    running.id,
    { type: 'exercise-finished', ...(note === undefined ? {} : { note }) },
    { by, now },
  );
  return { ...result, text: [text, '', ...next, ...kept.lines].join('\n') };
}

export const declare = siteCommand({ declare: declaration, run: finish });
