import { applicationFailure } from './application-failure.ts';
import { completeFailure } from './complete-failure.ts';
import { databaseCorruption } from './database-corruption.ts';
import { humanError } from './human-error.ts';
import type { ExerciseScript } from './script.ts';
import { securityBreach } from './security-breach.ts';

/** One for each scenario of the plan. */
export const SCRIPTS: readonly ExerciseScript[] = [
  completeFailure,
  databaseCorruption,
  applicationFailure,
  securityBreach,
  humanError,
];
