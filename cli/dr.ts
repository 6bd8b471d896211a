/** The `dr` command: parses, loads the command, prints its result or error, and exits. Nothing else in the project does. */
import { CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { EXIT, type ExitCode } from '../recovery/core/errors.ts';
import { openLog } from '../recovery/core/log.ts';
import type { Progress } from '../recovery/core/progress.ts';
import { envelope, toJson } from '../recovery/report/output.ts';
import { type ConsoleProgress, consoleProgress } from '../recovery/report/progress.ts';
import type { CommandContext, GlobalOptions, Invocation } from './command.ts';
import { ask, confirm } from './confirm.ts';
import { environmentMissing, findEnvironment } from './environment-path.ts';
import { interrupted, isHelp, type ShownError, showError } from './errors.ts';
import { buildProgram } from './program.ts';
import { usageError } from './usage.ts';

export async function main(argv: readonly string[]): Promise<void> {
  ignoreBrokenPipe(process.stdout);
  ignoreBrokenPipe(process.stderr);
  const stop = new AbortController();
  let exit: ExitCode = EXIT.ok;
  const program = buildProgram(packageJson.version, async (invocation) => {
    onSignals(stop);
    exit = await execute(invocation, stop.signal);
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    const ours = error instanceof CommanderError ? usageError(error, program, argv.slice(2)) : error;
    exit = isHelp(error) ? EXIT.ok : failed(ours, stop.signal, wantedOutput(argv), argv.includes('-v'));
  }
  await flush();
  process.exit(exit);
}

async function execute(invocation: Invocation, signal: AbortSignal): Promise<ExitCode> {
  const { globals } = invocation;
  const screen = consoleProgress(process.stderr, {
    tty: isScreen(process.stderr),
    color: wantsColor(globals, process.stderr),
  });
  try {
    const env = findEnvironment(globals.env, process.cwd(), process.env);
    if (env === undefined && invocation.needsSite) throw environmentMissing(process.cwd());
    const command = await invocation.load();
    const options = { ...invocation.options, ...(env === undefined ? {} : { env }) };
    const result = await command(options as never, makeContext(invocation, screen, signal));
    screen.close();
    process.stdout.write(`${globals.output === 'json' ? toJson(envelope(result.kind, result.data)) : result.text}\n`);
    return result.exit ?? EXIT.ok;
  } catch (error) {
    screen.close();
    return failed(error, signal, globals.output, globals.verbose);
  }
}

function makeContext(invocation: Invocation, screen: ConsoleProgress, signal: AbortSignal): CommandContext {
  const { globals, options } = invocation;
  const file = process.env.DR_LOG_FILE;
  const log = openLog({
    level: globals.verbose ? 'debug' : globals.quiet ? 'error' : 'warn',
    ...(file === undefined || file === '' ? {} : { file }),
    write: screen.above,
  });
  const silent: Progress = () => {};
  const stdinIsTty = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const asker = { stdinIsTty, settle: screen.close, write: screen.above, signal };
  const given = typeof options.confirm === 'string' ? options.confirm : undefined;
  return {
    log,
    progress: globals.quiet ? silent : screen,
    stdinIsTty,
    ask: (question) => ask(question, asker),
    confirm: (confirmation) => confirm(confirmation, given, asker),
    now: () => new Date(),
    signal,
    color: globals.output === 'table' && wantsColor(globals, process.stdout),
  };
}

/** Prints an error and gives its exit code. With -o json it stands on stdout, as any other result. */
function failed(error: unknown, signal: AbortSignal, output: GlobalOptions['output'], verbose: boolean): ExitCode {
  const shown: ShownError = showError(signal.aborted ? interrupted(String(signal.reason)) : error, verbose);
  if (output === 'json') process.stdout.write(`${toJson(envelope('Error', shown.data))}\n`);
  process.stderr.write(`${shown.text}\n`);
  return shown.exit;
}

/** The first signal asks to stop at a safe place; the second doesn't ask. */
function onSignals(stop: AbortController): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(EXIT.interrupted);
      process.stderr.write(`${name}: stopping; once more to stop at once\n`);
      stop.abort(name);
    });
  }
}

/** `dr points | head -1` closes the pipe early; what the command did stays done. */
function ignoreBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

async function flush(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writable) await new Promise<void>((resolve) => void stream.write('', () => resolve()));
  }
}

/** A terminal that says how high it is: on one without a size a tree can't be redrawn. */
function isScreen(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.rows > 0 && process.env.TERM !== 'dumb' && process.env.CI === undefined;
}

function wantsColor(globals: GlobalOptions, stream: NodeJS.WriteStream): boolean {
  const refused = (process.env.NO_COLOR ?? '') !== '' || process.env.TERM === 'dumb';
  return globals.color && !refused && stream.isTTY === true;
}

/** Options that could not be parsed can't be asked: look at the words. */
function wantedOutput(argv: readonly string[]): GlobalOptions['output'] {
  return /(?:^|\s)(?:-o\s*|--output[=\s])json(?:\s|$)/.test(argv.join(' ')) ? 'json' : 'table';
}
