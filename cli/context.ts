/** What a command that runs is given. Loaded only then: help and usage errors draw no progress and ask nothing. */
import { openLog } from '../recovery/core/log.ts';
import type { Progress } from '../recovery/core/progress.ts';
import { type ConsoleProgress, consoleProgress } from '../recovery/report/progress.ts';
import type { CommandContext } from './command.ts';
import { commandProblem } from './command-problem.ts';
import { confirm } from './confirm.ts';
import type { GlobalOptions } from './program.ts';

export interface OpenContext {
  readonly context: CommandContext;
  /** Leaves the progress as it is, so that the result can be printed below it. */
  close(): void;
}

export function openContext(from: {
  readonly globals: GlobalOptions;
  readonly env: string | undefined;
  /** The value of `--confirm`. */
  readonly confirmed: string | undefined;
  readonly signal: AbortSignal;
}): OpenContext {
  const { globals, env, confirmed, signal } = from;
  const screen = consoleProgress(process.stderr, {
    tty: isScreen(process.stderr),
    color: wantsColor(globals, process.stderr),
  });
  const silent: Progress = () => {};
  const asker = { stdinIsTty: isInteractive(), settle: screen.close, write: screen.above, signal };
  const context = {
    env,
    log: logOf(globals, screen),
    progress: globals.quiet ? silent : screen,
    confirm: (confirmation) => confirm(confirmation, confirmed, asker),
    now: () => new Date(),
    commandProblem,
    signal,
    color: globals.output === 'table' && wantsColor(globals, process.stdout),
    json: globals.output === 'json',
  } satisfies CommandContext;
  return { context, close: screen.close };
}

function logOf(globals: GlobalOptions, screen: ConsoleProgress) {
  const file = process.env.DR_LOG_FILE;
  return openLog({
    level: globals.verbose ? 'debug' : globals.quiet ? 'error' : 'warn',
    ...(file === undefined || file === '' ? {} : { file }),
    write: screen.above,
  });
}

function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** A terminal that says how high it is: on one without a size a tree can't be redrawn. */
function isScreen(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.rows > 0 && process.env.TERM !== 'dumb' && process.env.CI === undefined;
}

function wantsColor(globals: GlobalOptions, stream: NodeJS.WriteStream): boolean {
  const refused = (process.env.NO_COLOR ?? '') !== '' || process.env.TERM === 'dumb';
  return globals.color && !refused && stream.isTTY === true;
}
