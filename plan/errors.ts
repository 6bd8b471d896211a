/** The faults of a plan. `plan/` imports nothing of the program around it, so it has its own error class. */

export interface PlanProblem {
  /** The field, with ids instead of indexes: `schedules.hourly.cron`. */
  readonly where: string;
  /** Quotes the actual value. */
  readonly fact: string;
  /** What to do next. */
  readonly hint: string;
  /** Line of the plan's file, from 1. */
  readonly line?: number | undefined;
}

/** A plan that can't be used: always a mistake of its author, nothing was changed. Holds all problems, at least one. */
export class PlanError extends Error {
  readonly problems: readonly PlanProblem[];
  /** The plan's file, when it was read from one. */
  readonly file: string | undefined;

  constructor(problems: readonly PlanProblem[], file?: string, cause?: unknown) {
    const lines = problems.map(
      ({ where, fact, line }) => `${line === undefined ? '' : `line ${line}: `}${where}: ${fact}`,
    );
    super(lines.join('\n'), cause === undefined ? {} : { cause });
    this.name = 'PlanError';
    this.problems = problems;
    this.file = file;
  }
}
