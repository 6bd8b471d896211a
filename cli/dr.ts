/** The `dr` command: parses, runs the command, prints its result or error, and exits. Nothing else in the project does. */
import { spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { CommanderError } from '@commander-js/extra-typings';
import packageJson from '../package.json' with { type: 'json' };
import { EXIT, type ExitCode } from '../recovery/core/errors.ts';
import { requireTempFolder } from '../recovery/core/files/temp-folder.ts';
import { envelope, toJson } from '../recovery/report/output.ts';
import { attachCommand } from './attach/attach.ts';
import { runInStack, splitStack, type TypedWords } from './by-hand.ts';
import type { CommandContext, CommandResult, Invocation } from './command.ts';
import { environmentMissing, findEnvironment, workingFolder } from './environment-path.ts';
import { interrupted, isHelp, showError } from './errors.ts';
import { buildProgram, type GlobalOptions } from './program.ts';
import { flushStreams, outliveStreams } from './streams.ts';
import { usageError } from './usage.ts';

export async function main(argv: readonly string[]): Promise<void> {
  outliveStreams();
  const stop = new AbortController();
  let exit: ExitCode = EXIT.ok;
  const { stack, words } = wordsOf(argv);
  const program = await buildProgram({
    version: packageJson.version,
    words,
    execute: async (invocation) => {
      onSignals(stop);
      exit = await run(invocation, { globals: program.opts(), signal: stop.signal, stack, words });
    },
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    const ours = error instanceof CommanderError ? usageError(error, program, words) : error;
    const verbose = argv.includes('-v');
    exit = isHelp(error) ? EXIT.ok : failed(ours, stop.signal, { output: wantedOutput(argv), verbose });
  }
  try {
    await flushStreams();
  } catch (error) {
    const said = failed(error, stop.signal, { output: 'table', verbose: false });
    if (exit === EXIT.ok) exit = said;
  }
  process.exit(exit);
}

/** A bad `--stack` ends here: nothing else can be read from such a line. */
function wordsOf(argv: readonly string[]): TypedWords {
  try {
    return splitStack(argv.slice(2));
  } catch (error) {
    process.exit(failed(error, new AbortController().signal, { output: wantedOutput(argv), verbose: false }));
  }
}

interface Typed extends TypedWords {
  readonly globals: GlobalOptions;
  readonly signal: AbortSignal;
}

async function run(invocation: Invocation, { globals, signal, stack, words }: Typed): Promise<ExitCode> {
  const { openContext } = await import('./context.ts');
  const env = findEnvironment(globals.env, workingFolder(), process.env);
  const given: unknown = invocation.command.opts().confirm;
  const confirmed = typeof given === 'string' ? given : undefined;
  const { context, close } = openContext({ globals, env, confirmed, signal });
  // A command in a pod attaches itself there.
  const attached = stack === undefined ? await attachCommand(invocation, words, context) : undefined;
  try {
    if (stack !== undefined) {
      const out = (part: Buffer): void => void process.stdout.write(part);
      const err = (part: Buffer): void => void process.stderr.write(part);
      return await runInStack(invocation, { stack, words, env: globals.env, out, err, settle: close }, context);
    }
    const result = await resultOf(invocation, context);
    close();
    process.stdout.write(`${globals.output === 'json' ? toJson(envelope(result.kind, result.data)) : result.text}\n`);
    attached?.ended(result);
    const exit = result.exit ?? EXIT.ok;
    // What a signal has ended has not failed by itself.
    return signal.aborted && exit !== EXIT.ok ? EXIT.interrupted : exit;
  } catch (error) {
    close();
    attached?.failed(error);
    return failed(error, signal, globals);
  } finally {
    // Everything is printed by now.
    await attached?.flush();
  }
}

async function resultOf(invocation: Invocation, context: CommandContext): Promise<CommandResult> {
  if (!invocation.needsSite) return invocation.run(context);
  const { env } = context;
  if (env === undefined) throw environmentMissing(workingFolder());
  await requireTempFolder();
  return invocation.run({ ...context, env });
}

/** Prints an error and gives its exit code. With -o json it stands on stdout, as any other result. */
function failed(error: unknown, signal: AbortSignal, shown: Pick<GlobalOptions, 'output' | 'verbose'>): ExitCode {
  const { exit, text, data } = showError(signal.aborted ? interrupted(String(signal.reason)) : error, shown);
  if (shown.output === 'json') process.stdout.write(`${toJson(envelope('Error', data))}\n`);
  process.stderr.write(`${text}\n`);
  return exit;
}

/** Engines end, locks are released: what takes longer waits for somebody who does not answer. */
const STOP_SECONDS = 15;

/**
 * The first signal asks to stop at a safe place, and ends what does not; the second doesn't ask. A lost terminal (SIGHUP) is such a signal.
 * Without one it means nothing: Node undoes `nohup`, and a restore that runs under it must go on.
 */
function onSignals(stop: AbortController): void {
  // Each engine and each session listens.
  setMaxListeners(0, stop.signal);
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  if (!hasTerminal) process.on('SIGHUP', () => undefined);
  for (const name of ['SIGINT', 'SIGTERM', ...(hasTerminal ? (['SIGHUP'] as const) : [])] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) {
        endSurely();
        process.exit(EXIT.interrupted);
      }
      process.stderr.write(`${name}: stopping; once more to stop at once\n`);
      stop.abort(name);
      setTimeout(() => {
        process.stderr.write(`${interrupted(name).message}; it did not stop within ${STOP_SECONDS} s and was ended\n`);
        endSurely();
        process.exit(EXIT.interrupted);
      }, STOP_SECONDS * 1000).unref();
    });
  }
}

/** Node waits at its end for a call into the system that does not return: a pipe without a writer, a network disk that is gone. */
function endSurely(): void {
  const script = 'sleep 1; kill -9 "$0"';
  spawn('sh', ['-c', script, String(process.pid)], { detached: true, stdio: 'ignore' }).unref();
}

/** Options that could not be parsed can't be read: look at the words. */
function wantedOutput(argv: readonly string[]): GlobalOptions['output'] {
  return /(?:^|\s)(?:-o\s*|--output[=\s])json(?:\s|$)/.test(argv.join(' ')) ? 'json' : 'table';
}
