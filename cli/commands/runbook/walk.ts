/** `dr runbook run` and `dr runbook step`: the runbook is walked, and the incident's journal says by whom. */
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isCancel, select, text } from '@clack/prompts';
import { Command, Option } from '@commander-js/extra-typings';
import { execa } from 'execa';
import { badInput, DrError, EXIT } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { Incidents } from '../../../recovery/incident/incidents.ts';
import type { ScenarioRunbook } from '../../../recovery/runbook/model.ts';
import {
  clockLine,
  clocksOf,
  isSettled,
  nextStep,
  openWords,
  stepNumbered,
  type WalkedStep,
  walkOf,
  wordsOf,
} from '../../../recovery/runbook/walk.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples, verbatimListOption, wholeNumber } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));

interface Which {
  readonly scenario?: string | undefined;
  readonly incident?: string | undefined;
  readonly by: string;
}

const scenarioOption = () => new Option('--scenario <id>', 'scenario of the plan (default: the incident’s own)');
const incidentOption = () => new Option('--incident <id>', 'the incident (default: the only open one)');
const byOption = () =>
  new Option('--by <name>', 'who does this').default(userInfo().username, 'the account that runs it');

/** One walk: its incident, its scenario, and how a step is written down. */
async function openWalk({ scenario, incident, by }: Which, context: SiteContext) {
  const [{ openIncidents }, { makeRunbook }, { readSiteFacts }] = await Promise.all([
    import('../../../recovery/incident/incidents.ts'),
    import('../../../recovery/runbook/model.ts'),
    import('../../../recovery/runbook/facts.ts'),
  ]);
  const site = await openSite(context);
  const incidents: Incidents = await openIncidents(site);
  const { id, scenario: own } = incidents.openOne(incident);
  const wanted = scenario ?? own;
  if (wanted === 'none') {
    const hint = 'name it with --scenario; `dr assess` says which it is';
    throw badInput({ code: 'SCENARIO-UNKNOWN', where: id, fact: 'the incident has no scenario yet', hint });
  }
  const runbook = makeRunbook(site.plan, await readSiteFacts(site, context.now(), false), [wanted])
    .scenarios[0] as ScenarioRunbook;
  const steps = () => walkOf(runbook, incidents.get(id));
  const record = async ({ step }: WalkedStep, facts: StepFacts): Promise<void> => {
    const { phase, inPhase: number, text: words } = step;
    const event = { type: 'step', scenario: runbook.id, phase, number, text: words, ...facts } as const;
    await incidents.append(id, event, { by, now: context.now() });
  };
  const clock = (): string => clockLine(clocksOf(site.plan, incidents.get(id), context.now()));
  return { id, runbook, steps, record, clock, env: site.file };
}
type Walk = Awaited<ReturnType<typeof openWalk>>;

interface StepFacts {
  readonly state: 'started' | 'done' | 'failed' | 'skipped' | 'by-hand' | 'assigned';
  readonly person?: string;
  readonly reason?: string;
  readonly line?: string;
  readonly exit?: number;
}

/** Its output is for the person: stdout is this command's own. It asks by itself what it has to ask. */
async function runLine({ env }: Walk, line: string, signal: AbortSignal): Promise<number> {
  const words = wordsOf(line);
  const result = await execa(process.execPath, [MAIN, '--env', env, ...words], {
    reject: false,
    stdio: ['inherit', process.stderr, process.stderr],
    cancelSignal: signal,
    forceKillAfterDelay: 10_000,
  });
  return result.exitCode ?? EXIT.failure;
}

/** The lines one after another; the first that does not end with 0 ends the step as failed. */
async function perform(walk: Walk, walked: WalkedStep, lines: readonly string[], signal: AbortSignal): Promise<number> {
  for (const line of lines) wordsOf(line);
  for (const line of lines) {
    await walk.record(walked, { state: 'started', line });
    const exit = await runLine(walk, line, signal);
    if (exit !== EXIT.ok) {
      await walk.record(walked, { state: 'failed', line, exit });
      return exit;
    }
  }
  await walk.record(walked, {
    state: 'done',
    ...(lines.length === 0 ? {} : { line: lines.join('; ') }),
    exit: EXIT.ok,
  });
  return EXIT.ok;
}

const MARKS: Readonly<Record<WalkedStep['state'], string>> = {
  open: '[ ]',
  started: '[…]',
  done: '[x]',
  failed: '[!]',
  skipped: '[-]',
  'by-hand': '[x]',
  assigned: '[>]',
};

function lineOf({ step, state, person, reason, exit }: WalkedStep): string {
  const more = [person, reason, exit === undefined || exit === 0 ? undefined : `exit ${exit}`].filter(
    (each) => each !== undefined,
  );
  return `${MARKS[state]} ${step.number}. ${step.text}${state === 'open' ? '' : ` (${[state, ...more].join(', ')})`}`;
}

function overview(walk: Walk): string {
  const steps = walk.steps();
  const next = nextStep(steps);
  return [
    `${walk.runbook.title}, incident ${walk.id}: ${walk.clock()}`,
    ...steps.map(lineOf),
    next === undefined ? 'every step is settled' : `next: step ${next.step.number}`,
  ].join('\n');
}

function dataOf(walk: Walk) {
  const steps = walk.steps().map(({ step, ...rest }) => ({
    number: step.number,
    phase: step.phase,
    text: step.text,
    commands: step.commands.map(({ line }) => line),
    ...rest,
  }));
  return { incident: walk.id, scenario: walk.runbook.id, left: walk.clock(), steps };
}

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
  let exit = 0;
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
    exit = await perform(walk, walked, lines, context.signal);
  } else {
    const hint = 'type --run, --skip REASON, --by-hand NAME or --assign NAME';
    throw badInput({ code: 'USAGE', where: `step ${number}`, fact: 'it is not said what becomes of it', hint });
  }
  return {
    kind: 'RunbookWalk',
    data: dataOf(walk),
    text: overview(walk),
    exit: exit === 0 ? EXIT.ok : exitFor({ failure: true }),
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

async function walkOne(walk: Walk, walked: WalkedStep, { signal }: SiteContext): Promise<boolean> {
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
      const exit = await perform(walk, walked, typed, signal);
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
