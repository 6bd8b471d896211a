/** One walk through the runbook: the incident and the scenario that it belongs to, how a step is run, and how it is written down. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { badInput, EXIT } from '../../../recovery/core/errors.ts';
import { parseJson } from '../../../recovery/core/json.ts';
import type { Incidents } from '../../../recovery/incident/incidents.ts';
import { onlyReads } from '../../../recovery/runbook/knowledge.ts';
import type { ScenarioRunbook } from '../../../recovery/runbook/model.ts';
import { clockLine, clocksOf, nextStep, type WalkedStep, walkOf, wordsOf } from '../../../recovery/runbook/walk.ts';
import type { SiteContext } from '../../command.ts';
import { openSite } from '../../open-site.ts';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));

interface Which {
  readonly scenario?: string | undefined;
  readonly incident?: string | undefined;
  readonly by: string;
}

/** One walk: its incident, its scenario, and how a step is written down. */
export async function openWalk({ scenario, incident, by }: Which, context: SiteContext) {
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
export type Walk = Awaited<ReturnType<typeof openWalk>>;

interface StepFacts {
  readonly state: 'started' | 'done' | 'failed' | 'skipped' | 'by-hand' | 'assigned';
  readonly person?: string;
  readonly reason?: string;
  readonly line?: string;
  readonly exit?: number;
}

/** What a command of a step said, where this command prints JSON too. */
export interface StepAnswer {
  readonly line: string;
  readonly exit: number;
  /** As `-o json` of that command prints it. */
  readonly answer?: unknown;
}

/** Its output is for the person: stdout is this command's own. It asks by itself what it has to ask. */
async function runLine({ env }: Walk, line: string, { json, signal }: SiteContext): Promise<StepAnswer> {
  const words = wordsOf(line);
  const common = {
    env: { DR_ENV: env },
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 10_000,
  } as const;
  if (!json) {
    const stdio = ['inherit', process.stderr, process.stderr] as const;
    const { exitCode = EXIT.failure } = await execa(process.execPath, [MAIN, ...words], { ...common, stdio });
    return { line, exit: exitCode };
  }
  const stdio = ['inherit', 'pipe', process.stderr] as const;
  const result = await execa(process.execPath, [MAIN, '-o', 'json', ...words], { ...common, stdio });
  const answer = parseJson(result.stdout);
  return { line, exit: result.exitCode ?? EXIT.failure, ...(answer === undefined ? {} : { answer }) };
}

/**
 * The lines one after another. The first that does not end with 0 ends the step as failed; one that only reads has found something then, and
 * the lines behind it run as well.
 */
export async function perform(
  walk: Walk,
  walked: WalkedStep,
  lines: readonly string[],
  context: SiteContext,
): Promise<readonly StepAnswer[]> {
  for (const line of lines) wordsOf(line);
  const answers: StepAnswer[] = [];
  for (const line of lines) {
    await walk.record(walked, { state: 'started', line });
    const answer = await runLine(walk, line, context);
    answers.push(answer);
    if (answer.exit !== EXIT.ok && !onlyReads(line)) break;
  }
  const failed = answers.find(({ exit }) => exit !== EXIT.ok);
  if (failed !== undefined) await walk.record(walked, { state: 'failed', line: failed.line, exit: failed.exit });
  else await walk.record(walked, { state: 'done', line: lines.join('; '), exit: EXIT.ok });
  return answers;
}

export function exitOf(answers: readonly StepAnswer[]): number {
  return answers.find(({ exit }) => exit !== EXIT.ok)?.exit ?? EXIT.ok;
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

export function lineOf({ step, state, person, reason, exit }: WalkedStep): string {
  const more = [person, reason, exit === undefined || exit === 0 ? undefined : `exit ${exit}`].filter(
    (each) => each !== undefined,
  );
  return `${MARKS[state]} ${step.number}. ${step.text}${state === 'open' ? '' : ` (${[state, ...more].join(', ')})`}`;
}

export function overview(walk: Walk): string {
  const steps = walk.steps();
  const next = nextStep(steps);
  return [
    `${walk.runbook.title}, incident ${walk.id}: ${walk.clock()}`,
    ...steps.map(lineOf),
    next === undefined ? 'every step is settled' : `next: step ${next.step.number}`,
  ].join('\n');
}

export function dataOf(walk: Walk) {
  const steps = walk.steps().map(({ step, ...rest }) => ({
    number: step.number,
    phase: step.phase,
    text: step.text,
    commands: step.commands.map(({ line }) => line),
    ...rest,
  }));
  return { incident: walk.id, scenario: walk.runbook.id, left: walk.clock(), steps };
}
