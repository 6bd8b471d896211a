/** Errors as people and programs read them. Pure; `cli.ts` prints the result. */
import { CommanderError } from 'commander';
import { scrub } from '../adapters/log.ts';
import { badInput, DrError, EXIT, type ExitCode } from '../errors.ts';

/** One thing that is wrong. `PlanError` and its like carry several. */
export interface Problem {
  readonly code: string;
  readonly where: string;
  readonly fact: string;
  readonly hint: string;
}

export interface ShownError {
  readonly exit: ExitCode;
  /** For stderr, without a line break at its end. */
  readonly text: string;
  /** The body of the `Error` envelope. */
  readonly data: Problem & { readonly exit: ExitCode; readonly problems?: readonly Problem[] };
}

export function showError(error: unknown, verbose: boolean): ShownError {
  const problems = problemsOf(error);
  if (problems !== undefined && problems.length > 0) return showProblems(error, problems, verbose);
  if (error instanceof DrError) return showDrError(error, verbose);
  return showBug(error);
}

function showDrError(error: DrError, verbose: boolean): ShownError {
  const { code, where, fact, hint, exit } = error;
  const text = [problemText({ code, where, fact, hint }), ...(verbose ? causes(error) : [])].join('\n');
  return { exit, text: scrub(text), data: { ...scrubbed({ code, where, fact, hint }), exit } };
}

function showProblems(error: unknown, problems: readonly Problem[], verbose: boolean): ShownError {
  const exit = error instanceof DrError ? error.exit : EXIT.usage;
  const clean = problems.map(scrubbed);
  const [first] = clean;
  const hints = [...new Set(clean.map((problem) => problem.hint))].filter((hint) => hint !== '');
  const lines = clean.map((problem) => `DR-${problem.code} ${problem.where}: ${problem.fact}`);
  // A hint that all share stands once, below; otherwise each problem keeps its own.
  const text =
    hints.length <= 1
      ? [...lines, ...hints.map((hint) => `hint: ${hint}`)]
      : clean.map((problem) => problemText(problem));
  return {
    exit,
    text: scrub([...text, ...(verbose ? causes(error) : [])].join('\n')),
    data: { ...(first as Problem), exit, problems: clean },
  };
}

function showBug(error: unknown): ShownError {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const fact = scrub(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  const hint = 'this is a mistake in dr itself: please report it with these lines and the command that you typed';
  const text = scrub(`DR-BUG dr: ${stack}\nhint: ${hint}`);
  return { exit: EXIT.failure, text, data: { code: 'BUG', where: 'dr', fact, hint, exit: EXIT.failure } };
}

function problemText(problem: Problem): string {
  return `DR-${problem.code} ${problem.where}: ${problem.fact}\nhint: ${problem.hint}`;
}

function scrubbed(problem: Problem): Problem {
  return { code: problem.code, where: scrub(problem.where), fact: scrub(problem.fact), hint: scrub(problem.hint) };
}

function causes(error: unknown): string[] {
  const lines: string[] = [];
  for (let cause = (error as { cause?: unknown }).cause; cause !== undefined && lines.length < 8; ) {
    lines.push(`cause: ${cause instanceof Error ? cause.message : String(cause)}`);
    cause = (cause as { cause?: unknown } | null)?.cause;
  }
  return lines;
}

/** An error that lists what is wrong, whichever part of the project made it. */
function problemsOf(error: unknown): Problem[] | undefined {
  const problems = (error as { problems?: unknown } | null | undefined)?.problems;
  if (!Array.isArray(problems)) return undefined;
  const isProblem = (each: unknown): each is Problem =>
    typeof each === 'object' && each !== null && ['code', 'where', 'fact', 'hint'].every((key) => key in each);
  return problems.every(isProblem) ? problems : undefined;
}

/** What commander found wrong, as ours: exit 2, with its suggestion as the hint. */
export function usageError(error: CommanderError): DrError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .replace(/^\(|\)$/g, '')
    .trim();
  return badInput({
    code: 'USAGE',
    where: 'dr',
    fact: first.replace(/\.$/, ''),
    hint: suggestion === '' ? 'dr --help lists the commands, dr COMMAND --help a command’s options' : suggestion,
  });
}

/** `--help` and `--version` end parsing too, and are no error. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

export function interrupted(signal: string): DrError {
  return new DrError({
    code: 'INTERRUPTED',
    where: 'dr',
    fact: `stopped by ${signal}`,
    hint: 'run the same command again: it goes on where it stopped',
    exit: EXIT.interrupted,
  });
}
