/** `dr` as a process of its own, with all of its engines in one process group that a test can kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** Below the limit of a test: else the command's output would be lost. */
const LIMIT_SECONDS = Number(process.env.LIMIT_OF_A_COMMAND ?? 100);

const STOPPING = ['--import', join(import.meta.dirname, 'stop-at-lines.mjs')];
const MAIN = join(import.meta.dirname, '../../cli/main.js');

export interface DrResult {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface DrOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Kill the group after this long: a command that hangs fails its test by its output. @default 100; 300 in slow tests */
  readonly timeoutSeconds?: number;
  /** It stops (SIGSTOP) behind each line of a journal, until somebody lets it go on. */
  readonly stopsAtLines?: boolean;
}

export interface RunningDr {
  readonly pid: number;
  /** True until the process has ended. */
  readonly alive: () => boolean;
  /** SIGKILL to the process group: `dr` and the engines that it runs, not the servers that it started. */
  readonly kill9: () => void;
  readonly done: Promise<DrResult>;
}

function environment(extra: Readonly<Record<string, string>>): Record<string, string> {
  const { DR_ENV: _, ...inherited } = process.env;
  return { ...(inherited as Record<string, string>), NO_COLOR: '1', ...extra };
}

export function startDr(envFile: string, args: readonly string[], options: DrOptions = {}): RunningDr {
  const begun = performance.now();
  const child: ChildProcess = spawn(
    process.execPath,
    [...(options.stopsAtLines ? STOPPING : []), MAIN, ...args, '--env', envFile],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment(options.env ?? {}),
      cwd: '/',
    },
  );
  const pid = child.pid as number;
  const kill9 = (): void => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Ended already.
    }
  };
  const said = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const timer = setTimeout(kill9, (options.timeoutSeconds ?? LIMIT_SECONDS) * 1000);
  const done = new Promise<DrResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? undefined, ...said, seconds: (performance.now() - begun) / 1000 });
    });
  });
  return { pid, alive: () => child.exitCode === null && child.signalCode === null, kill9, done };
}

/** Runs `dr <args> --env <envFile>` to its end. */
export function dr(envFile: string, args: readonly string[], options: DrOptions = {}): Promise<DrResult> {
  return startDr(envFile, args, options).done;
}

/** Throws with everything that the command said when it did not end as expected. */
export async function drEnds(
  exitCode: number,
  envFile: string,
  args: readonly string[],
  options: DrOptions = {},
): Promise<DrResult> {
  const result = await dr(envFile, args, options);
  if (result.exitCode === exitCode) return result;
  throw new Error(
    `dr ${args.join(' ')} ended ${result.exitCode}, not ${exitCode}:\n${result.stderr}\n${result.stdout}`,
  );
}
