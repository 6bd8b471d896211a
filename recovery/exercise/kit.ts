/** The facilitator's kit: the script of a scenario, with what the plan expects of its team. Pure. */
import { seconds } from '../../plan/duration.ts';
import { didYouMean } from '../../plan/nearest.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import { SCRIPTS } from './scripts/all.ts';
import type { ExerciseScript } from './scripts/script.ts';

/** Something that is timed. */
export interface Milestone {
  /** `detection`, `declaration`, `first-message`, or a step of the plan: `immediate-1`. */
  readonly id: string;
  readonly title: string;
  /** From the start; absent where the plan gives no time. */
  readonly withinSeconds?: number;
  /** The commands of the plan. */
  readonly run: readonly string[];
}

export interface Kit {
  readonly scenario: string;
  readonly title: string;
  readonly description: string;
  readonly script: ExerciseScript;
  readonly team: Plan['team'];
  readonly channels: Plan['channels'];
  /** In the order in which they are expected. */
  readonly milestones: readonly Milestone[];
  /** How often an update is promised; absent where the plan promises none. */
  readonly updateEvery?: string;
  readonly messages: readonly { readonly title: string; readonly text: string }[];
}

/** Throws `SCENARIO-UNKNOWN` (exit 2) with the nearest names. */
export function exerciseKit(plan: Plan, id: string): Kit {
  const known = plan.scenarios.map((each) => each.id as string);
  const scenario = plan.scenarios.find((each) => each.id === id);
  const script = SCRIPTS.find((each) => each.scenario === id);
  if (scenario === undefined || script === undefined) {
    throw badInput({
      code: 'SCENARIO-UNKNOWN',
      where: '--scenario',
      fact: `the plan has no scenario "${id}".${didYouMean(id, known)}`,
      hint: `one of: ${known.join(', ')}`,
    });
  }
  const { templates, team, channels } = plan;
  const initial = templates.find((each) => each.id === 'initial');
  const immediateEnd = scenario.immediate.to ?? '30m';
  const steps = (['immediate', 'recovery', 'validation'] as const).flatMap((phase) =>
    scenario[phase].steps.map(({ text, run = [] }, n): Milestone => {
      const { to } = scenario[phase];
      return { id: `${phase}-${n + 1}`, title: text, run, ...(to === undefined ? {} : { withinSeconds: seconds(to) }) };
    }),
  );
  return {
    scenario: id,
    title: scenario.title,
    description: scenario.description,
    script,
    team,
    channels,
    milestones: [
      { id: 'detection', title: 'Somebody has noticed', run: ['dr assess'] },
      {
        id: 'declaration',
        title: 'An incident is declared',
        run: [`dr incident declare --scenario ${id} --exercise`],
        withinSeconds: seconds(immediateEnd),
      },
      {
        id: 'first-message',
        title: initial?.title ?? 'The first message is sent',
        run: [],
        ...(initial?.updateEvery === undefined ? {} : { withinSeconds: seconds(initial.updateEvery) }),
      },
      ...steps,
    ],
    ...(initial?.updateEvery === undefined ? {} : { updateEvery: initial.updateEvery }),
    messages: templates.map(({ title, text }) => ({ title, text })),
  };
}
