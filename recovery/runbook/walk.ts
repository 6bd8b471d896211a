/** Where a walk through the runbook is: by the steps that the incident has recorded. A walk that was killed goes on there. Pure. */
import { formatDuration, seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import type { Incident } from '../incident/incident.ts';
import type { RunbookStep, ScenarioRunbook } from './model.ts';

export type StepState = Incident['steps'][number]['event']['state'] | 'open';

export interface WalkedStep {
  readonly step: RunbookStep;
  readonly state: StepState;
  /** Of the last event. */
  readonly at?: string;
  readonly person?: string;
  readonly reason?: string;
  readonly exit?: number;
}

/** No one has to do anything about it any more. */
const SETTLED: readonly StepState[] = ['done', 'skipped', 'by-hand'];
export const isSettled = ({ state }: Pick<WalkedStep, 'state'>): boolean => SETTLED.includes(state);

export function walkOf({ id, phases }: ScenarioRunbook, { steps }: Pick<Incident, 'steps'>): WalkedStep[] {
  return phases
    .flatMap((phase) => phase.steps)
    .map((step): WalkedStep => {
      const own = steps.findLast(
        ({ event }) => event.scenario === id && event.phase === step.phase && event.number === step.inPhase,
      );
      if (own === undefined) return { step, state: 'open' };
      const { state, person, reason, exit } = own.event;
      return {
        step,
        state,
        at: own.at,
        ...(person === undefined ? {} : { person }),
        ...(reason === undefined ? {} : { reason }),
        ...(exit === undefined ? {} : { exit }),
      };
    });
}

/** The first that nobody has settled; one that was assigned waits for its person, and the walk goes on behind it. */
export function nextStep(walk: readonly WalkedStep[]): WalkedStep | undefined {
  return walk.find((each) => !isSettled(each) && each.state !== 'assigned') ?? walk.find((each) => !isSettled(each));
}

/** Throws `STEP-UNKNOWN` (exit 2). */
export function stepNumbered(walk: readonly WalkedStep[], number: number): WalkedStep {
  const found = walk.find(({ step }) => step.number === number);
  if (found !== undefined) return found;
  throw badInput({
    code: 'STEP-UNKNOWN',
    where: 'step',
    fact: `the runbook has no step ${number}`,
    hint: `type a number from 1 to ${walk.length}`,
  });
}

export interface TierClock {
  readonly tier: string;
  /** Negative once the objective is missed. */
  readonly leftSeconds: number;
}

export function clocksOf(
  { tiers }: Pick<Plan, 'tiers'>,
  { declaredAt }: Pick<Incident, 'declaredAt'>,
  now: Date,
): TierClock[] {
  const elapsed = (now.getTime() - new Date(declaredAt).getTime()) / 1000;
  return tiers.map(({ id, rto }) => ({ tier: id, leftSeconds: seconds(rto) - elapsed }));
}

/** `P1 1 h 12 min left · P2 3 h left`, or `P1 12 min over`. */
export function clockLine(clocks: readonly TierClock[]): string {
  const word = ({ tier, leftSeconds }: TierClock): string =>
    `${tier} ${formatDuration(Math.abs(leftSeconds))} ${leftSeconds < 0 ? 'OVER' : 'left'}`;
  return clocks.map(word).join(' · ');
}

/** Words of a line that a person must replace first; empty where it can be run as it is. */
export function openWords(line: string): string[] {
  return line.split(' ').filter((word) => ['MOMENT', 'POINT', 'REPOSITORY', 'TABLE', 'DATABASE'].includes(word));
}

/** Words of a command of this program. Throws `USAGE` (exit 2) for another program, quotes, or words that must be replaced. */
export function wordsOf(line: string): string[] {
  const [program, ...words] = line.trim().split(/\s+/);
  const refuse = (fact: string, hint: string) => badInput({ code: 'USAGE', where: '--command', fact, hint });
  if (program !== 'dr')
    throw refuse(`"${line}" is no command of dr`, 'run it yourself, and sign the step off: --by-hand NAME');
  if (/["'`$\\|;&<>]/.test(line))
    throw refuse(
      `"${line}" has a character that only a shell understands`,
      'run it yourself, and sign the step off: --by-hand NAME',
    );
  const open = openWords(line);
  if (open.length > 0)
    throw refuse(`${open.join(' and ')} must be replaced in "${line}"`, `give the whole line: --command "${line}"`);
  return words;
}
