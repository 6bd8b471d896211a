/** `dr runbook run` and `dr runbook step`: the runbook is walked, and the incident's journal says by whom. */
import { userInfo } from 'node:os';
import { isCancel, select, text } from '@clack/prompts';
import { Command, Option } from '@commander-js/extra-typings';
import { badInput, DrError, EXIT } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { isSettled, openWords, stepNumbered, type WalkedStep } from '../../../recovery/runbook/walk.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples, verbatimListOption, wholeNumber } from '../../flags.ts';
import { dataOf, exitOf, lineOf, openWalk, overview, perform, type StepAnswer, type Walk } from './open-walk.ts';

const scenarioOption = () => new Option('--scenario <id>', 'scenario of the plan (default: the incident’s own)');
const incidentOption = () => new Option('--incident <id>', 'the incident (default: the only open one)');
const byOption = () =>
  new Option('--by <name>', 'who does this').default(userInfo().username, 'the account that runs it');

const stepDeclaration = () =>
  new Command('step')
    .argument('<number>', 'as `dr runbook run` shows it', wholeNumber(1, 'the number of a step'))
    .description('Settle one step of the runbook: run it, skip it, sign it off as done by hand, or assign it.')
    .addOption(scenarioOption())
    .addOption(incidentOption())
    .addOption(byOption())
    .addOption(
      new Option('--run', 'run its commands; each asks as always')
        .default(false)
        .conflicts(['skip', 'byHand', 'assign']),
    )
    .addOption(
      verbatimListOption(
        '--command <line>',
        'run this in place of its commands, e.g. with the moment filled in; can be repeated',
        'those of the runbook',
      ),
    )
    .addOption(new Option('--skip <reason>', 'nobody does it, and why').conflicts(['byHand', 'assign']))
    .addOption(new Option('--by-hand <name>', 'it was done by hand, by this person').conflicts('assign'))
    .addOption(new Option('--assign <name>', 'this person does it'))
    .addHelpText(
      'after',
      examples(
        'dr runbook step 2 --run',
        'dr runbook step 7 --command "dr restore --to 2026-01-31T11:59:00Z --confirm production"',
        'dr runbook step 1 --by-hand "Ada Lovelace"',
        'dr runbook step 4 --skip "there is no second region"',
      ),
    );

/** Exit of the command that failed; 0 where the step is settled or assigned. */
async function settle(
  options: OptionsOf<typeof stepDeclaration>,
  context: SiteContext,
  number: number,
): Promise<CommandResult> {
  const { run: isRun, command, skip, byHand, assign } = options;
  const walk = await openWalk(options, context);
  const walked = stepNumbered(walk.steps(), number);
  let answers: readonly StepAnswer[] = [];
  if (skip !== undefined) await walk.record(walked, { state: 'skipped', reason: skip });
  else if (byHand !== undefined) await walk.record(walked, { state: 'by-hand', person: byHand });
  else if (assign !== undefined) await walk.record(walked, { state: 'assigned', person: assign });
  else if (isRun || command.length > 0) {
    const lines = command.length > 0 ? command : walked.step.commands.map(({ line }) => line);
    if (lines.length === 0) {
      const hint = `when it is done: dr runbook step ${number} --by-hand NAME`;
      throw badInput({
        code: 'STEP-BY-HAND',
        where: `step ${number}`,
        fact: `"${walked.step.text}" has no command: people do it`,
        hint,
      });
    }
    answers = await perform(walk, walked, lines, context);
  } else {
    const hint = 'type --run, --skip REASON, --by-hand NAME or --assign NAME';
    throw badInput({ code: 'USAGE', where: `step ${number}`, fact: 'it is not said what becomes of it', hint });
  }
  return {
    kind: 'RunbookWalk',
    data: { ...dataOf(walk), answers },
    text: overview(walk),
    exit: exitFor({ failure: exitOf(answers) !== EXIT.ok }),
  };
}

const runDeclaration = () =>
  new Command('run')
    .description(
      'Walk the runbook of an open incident. On a terminal it asks what becomes of each step; elsewhere it shows where it is.',
    )
    .addOption(scenarioOption())
    .addOption(incidentOption())
    .addOption(byOption())
    .addHelpText(
      'after',
      examples(
        'dr runbook run',
        'dr runbook run --scenario security-breach --by "Ada Lovelace"',
        'dr runbook run -o json',
      ),
    );

type Answer = 'run' | 'hand' | 'skip' | 'assign' | 'stop';

function left(answer: unknown): never {
  throw new DrError({
    code: 'INTERRUPTED',
    where: 'runbook',
    fact: `the walk was left${answer === 'stop' ? '' : ' at a question'}`,
    hint: 'run the same command again: it goes on at this step',
    exit: EXIT.interrupted,
  });
}

async function ask(message: string, signal: AbortSignal, initialValue = ''): Promise<string> {
  const answer = await text({
    message,
    initialValue,
    output: process.stderr,
    signal,
    validate: (value) => ((value ?? '').trim() === '' ? 'Type something.' : undefined),
  });
  if (isCancel(answer)) return left(answer);
  return answer.trim();
}

async function walkOne(walk: Walk, walked: WalkedStep, context: SiteContext): Promise<boolean> {
  const { signal } = context;
  const { step } = walked;
  const shown = step.commands.flatMap(({ line, replace, good, stop, back }) => [
    `  $ ${line}`,
    ...replace.map((each) => `    replace ${each}`),
    ...(good === undefined ? [] : [`    good: ${good}`, `    stop if: ${stop}`, `    back: ${back}`]),
  ]);
  const lines = [`\n${walk.clock()}`, `${lineOf(walked)}`, ...step.byHand.map((each) => `  - ${each}`), ...shown];
  process.stderr.write(`${lines.join('\n')}\n`);
  const options: { value: Answer; label: string }[] = [
    ...(step.commands.length === 0 ? [] : [{ value: 'run' as const, label: 'run it' }]),
    { value: 'hand', label: 'it was done by hand' },
    { value: 'assign', label: 'assign it to a person' },
    { value: 'skip', label: 'skip it' },
    { value: 'stop', label: 'stop here; the same command goes on' },
  ];
  const answer = await select<Answer>({ message: `Step ${step.number}`, options, output: process.stderr, signal });
  if (isCancel(answer)) return left(answer);
  switch (answer) {
    case 'stop':
      return false;
    case 'hand':
      await walk.record(walked, { state: 'by-hand', person: await ask('Who did it?', signal) });
      return true;
    case 'assign':
      await walk.record(walked, { state: 'assigned', person: await ask('Who does it?', signal) });
      return true;
    case 'skip':
      await walk.record(walked, { state: 'skipped', reason: await ask('Why?', signal) });
      return true;
    case 'run': {
      const typed: string[] = [];
      for (const { line } of step.commands) {
        typed.push(
          openWords(line).length === 0 ? line : await ask('The command, with its words filled in', signal, line),
        );
      }
      const exit = exitOf(await perform(walk, walked, typed, context));
      if (exit !== 0) process.stderr.write(`it ended with exit ${exit}: the step stays open\n`);
      return true;
    }
  }
}

async function walkAll(options: OptionsOf<typeof runDeclaration>, context: SiteContext): Promise<CommandResult> {
  const walk = await openWalk(options, context);
  if (process.stdin.isTTY === true && process.stderr.isTTY === true) {
    for (;;) {
      const steps = walk.steps();
      const next = steps.find((each) => !isSettled(each) && each.state !== 'assigned');
      if (next === undefined || !(await walkOne(walk, next, context))) break;
    }
  }
  const open = walk.steps().filter((each) => !isSettled(each));
  return { kind: 'RunbookWalk', data: dataOf(walk), text: overview(walk), exit: exitFor({ partial: open.length > 0 }) };
}

export const step = siteCommand({ declare: stepDeclaration, run: settle });
export const run = siteCommand({ declare: runDeclaration, run: walkAll });
