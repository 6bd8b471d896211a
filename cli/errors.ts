/** Errors as people and programs read them. Pure; `dr.ts` prints the result. */
import { CommanderError } from '@commander-js/extra-typings';
import { PlanError } from '../plan/errors.ts';
import { DrError, EXIT, type ExitCode, systemError } from '../recovery/core/errors.ts';
import { scrub } from '../recovery/core/log.ts';

interface ShownProblem {
  readonly code: string;
  readonly where: string;
  readonly fact: string;
  readonly hint: string;
}

export interface ShownError {
  readonly exit: ExitCode;
  /** For stderr, without a line break at its end. */
  readonly text: string;
  /** The body of the `Error` envelope; `problems` where there are several. */
  readonly data: ShownProblem & { readonly exit: ExitCode; readonly problems?: readonly ShownProblem[] };
}

/** @param shown.verbose adds the causes */
export function showError(error: unknown, shown: { readonly verbose: boolean }): ShownError {
  if (error instanceof PlanError) return showPlanError(error);
  if (error instanceof DrError) return showDrError(error, shown);
  const refused = systemError(error, 'dr');
  return refused ? showDrError(refused, shown) : showBug(error);
}

function showDrError(error: DrError, { verbose }: { readonly verbose: boolean }): ShownError {
  const { code, where, fact, hint, exit } = error;
  const problem = scrubbed({ code, where, fact, hint });
  const text = [titleOf(problem), `hint: ${problem.hint}`, ...(verbose ? causes(error) : [])].join('\n');
  return { exit, text: scrub(text), data: { ...problem, exit } };
}

/** One problem a line; a hint that all of them share is shown once, at the end. */
function showPlanError(error: PlanError): ShownError {
  const problems = error.problems.map(({ where, fact, hint, line }) => {
    const place = error.file === undefined ? where : `${error.file}${line === undefined ? '' : `:${line}`} ${where}`;
    return scrubbed({ code: 'PLAN-INVALID', where: place, fact, hint });
  });
  const hints = new Set(problems.map((problem) => problem.hint));
  const text =
    hints.size === 1
      ? [...problems.map(titleOf), ...[...hints].map((hint) => `hint: ${hint}`)]
      : problems.flatMap((problem) => [titleOf(problem), `hint: ${problem.hint}`]);
  const [first] = problems;
  return { exit: EXIT.usage, text: text.join('\n'), data: { ...(first as ShownProblem), exit: EXIT.usage, problems } };
}

function showBug(error: unknown): ShownError {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const fact = scrub(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  const hint = 'this is a bug in dr: please report it with these lines and the command that you typed';
  const text = scrub(`DR-BUG dr: ${stack}\nhint: ${hint}`);
  return { exit: EXIT.failure, text, data: { code: 'BUG', where: 'dr', fact, hint, exit: EXIT.failure } };
}

function titleOf(problem: ShownProblem): string {
  return `DR-${problem.code} ${problem.where}: ${problem.fact}`;
}

function scrubbed(problem: ShownProblem): ShownProblem {
  return { code: problem.code, where: scrub(problem.where), fact: scrub(problem.fact), hint: scrub(problem.hint) };
}

function causes(error: DrError): string[] {
  const lines: string[] = [];
  for (let { cause } = error; cause !== undefined && lines.length < 8; ) {
    lines.push(`cause: ${cause instanceof Error ? cause.message : String(cause)}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}

/** `--help` and `--version` end parsing too, but are not errors. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

export function interrupted(signal: string): DrError {
  return new DrError({
    code: 'INTERRUPTED',
    where: 'dr',
    fact: `stopped by ${signal}`,
    hint: 'run the same command again: it resumes where it stopped',
    exit: EXIT.interrupted,
  });
}
