/** The plan's scenarios by id. */
import { didYouMean } from '../../plan/nearest.ts';
import { badInput } from '../../recovery/core/errors.ts';
import type { Scenario } from '../stage.ts';
import { applicationFailure } from './application-failure.ts';
import { completeFailure } from './complete-failure.ts';
import { databaseCorruption } from './database-corruption.ts';
import { humanError } from './human-error.ts';
import { securityBreach } from './security-breach.ts';

const SCENARIOS: readonly Scenario[] = [
  completeFailure,
  databaseCorruption,
  applicationFailure,
  securityBreach,
  humanError,
];

const SCENARIO_IDS: readonly string[] = SCENARIOS.map(({ id }) => id);

/** Throws `SCENARIO-UNKNOWN` (exit 2) with the nearest name. */
export function scenarioOf(id: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.id === id);
  if (found) return found;
  throw badInput({
    code: 'SCENARIO-UNKNOWN',
    where: '--scenario',
    fact: `the plan has no scenario "${id}".${didYouMean(id, SCENARIO_IDS)}`,
    hint: `one of: ${SCENARIO_IDS.join(', ')}`,
  });
}
