/** Every command line that a plan names, with the field that it is in. Pure. */
import type { Plan } from '../types.ts';
import type { Path } from './finding.ts';

export interface PlannedCommand {
  readonly path: Path;
  /** `dr restore --to latest` */
  readonly line: string;
}

export function plannedCommands({ checks, tests, scripts, scenarios }: Plan): PlannedCommand[] {
  const steps = scenarios.flatMap((scenario, s) =>
    (['immediate', 'recovery', 'validation'] as const).flatMap((phase) =>
      scenario[phase].steps.flatMap(({ run = [] }, n) =>
        run.map((line, r) => ({ path: ['scenarios', s, phase, 'steps', n, 'run', r], line })),
      ),
    ),
  );
  return [
    ...checks.map(({ command }, n) => ({ path: ['checks', n, 'command'], line: command })),
    ...tests.flatMap(({ run }, n) => (run === undefined ? [] : [{ path: ['tests', n, 'run'], line: run }])),
    ...scripts.map(({ run }, n) => ({ path: ['scripts', n, 'run'], line: run })),
    ...steps,
  ];
}
