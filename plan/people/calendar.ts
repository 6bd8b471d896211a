/** When a test or a review of the plan is due again. Pure. */
import { CADENCE } from '../limits.ts';
import type { Plan } from '../types.ts';

export type Cadence = keyof typeof CADENCE;
export const CADENCES = Object.keys(CADENCE) as Cadence[];

/** The longest month, quarter or year, and one day of grace. */
export function dueAfter(last: Date, cadence: Cadence): Date {
  return new Date(last.getTime() + CADENCE[cadence] * 1000);
}

/** What `dr drill` stages for this command; empty for another command. */
export function drilledBy(run: string | undefined, plan: Pick<Plan, 'scenarios'>): string[] {
  const [, scenario] = /^dr drill .*--scenario[ =]([a-z-]+)/.exec(run ?? '') ?? [];
  if (scenario === undefined) return [];
  return scenario === 'all' ? plan.scenarios.map(({ id }) => id) : [scenario];
}

/** The most frequent cadence of the tests that restore something; undefined where none does. */
function restoreCadence({ tests }: Plan): Cadence | undefined {
  const own = tests.filter(({ verifies }) => verifies.length > 0).map(({ cadence }) => cadence);
  return CADENCES.find((cadence) => own.includes(cadence));
}

/** Seconds within which each workload is restored from each repository once: as often as the plan's most frequent test that restores. */
export const trialWithin = (plan: Plan): number => CADENCE[restoreCadence(plan) ?? 'monthly'];

/** The tests that let another site take over; the written plan has one a quarter. */
export function failoverTests({ tests }: Plan): Plan['tests'] {
  return tests.filter(({ id, title }) => /fail-?over/i.test(`${id} ${title}`));
}

/** The tests in which people practise, and no command runs. */
export function exerciseTests({ tests }: Plan): Plan['tests'] {
  return tests.filter(({ run, id, title }) => run === undefined && /exercise|response/i.test(`${id} ${title}`));
}
