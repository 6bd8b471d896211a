/** Child processes: no shell, secrets masked, an unprivileged user where `dr` itself is root, and an end to those that move no data. */
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { execa, type Options } from 'execa';
import { type Account, lookUpAccount } from './account.ts';
import { DrError, EXIT } from './errors.ts';
import type { Logger } from './log.ts';
import { bytesMoved } from './pids.ts';

/** Inherited variables that no engine needs and that could redirect one (PGHOST, RESTIC_REPOSITORY, PGBACKREST_STANZA …). */
const REDIRECTING = /^(PG|RESTIC_|PGBACKREST_|AWS_|REDISCLI_)/;

function inheritedEnv(): Record<string, string> {
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || REDIRECTING.test(name) ? [] : [[name, value] as const],
  );
  return Object.fromEntries(kept);
}

/** The text from the first error line on, with the warnings before it; without an error line the last lines. The rest is progress. */
function reason(text: string): string {
  const lines = text.trim().split('\n');
  const warnings = lines.filter((line) => /\bWARN:/.test(line)).slice(0, 4);
  const first = lines.findIndex((line) => /\b(?:ERROR|FATAL|PANIC|Fatal|error):/.test(line));
  const errors = lines.slice(first, first + 8).filter((line) => !warnings.includes(line));
  const said = first < 0 ? lines.slice(-8) : [...warnings, ...errors];
  return said.filter((line) => !/INFO: \S+ command (?:begin|end)/.test(line)).join('\n');
}

function maskWith(secrets: readonly string[], text: string): string {
  return secrets.reduce((masked, secret) => (secret.length < 4 ? masked : masked.replaceAll(secret, '***')), text);
}

function forwardLines(stream: unknown, onLine: ((line: string) => void) | undefined): void {
  if (stream instanceof Readable && onLine !== undefined) createInterface({ input: stream }).on('line', onLine);
}

function isAccepted(exitCode: number, accept: RunOptions['accept'] = [0]): boolean {
  // Below 0: a signal ended it, so it has no exit code.
  return accept === 'any' ? exitCode >= 0 : accept.includes(exitCode);
}

function accountEnv(account: Account | undefined): Record<string, string> {
  return account === undefined ? {} : { HOME: account.home, USER: account.name, LOGNAME: account.name };
}

/** Runs a program; see `Run`. Throws `ENGINE-MISSING` (exit 2), `ENGINE-TIMEOUT`, `ENGINE-STALLED` or `ENGINE-FAILED` (exit 1). */
export function makeRun(log: Logger): Run {
  return async (argv, options = {}) => {
    const [program, ...args] = argv;
    const account = await lookUpAccount(options.as);
    const secrets = Object.values(options.secretEnv ?? {});
    const outFile = options.stdoutFile === undefined ? undefined : openSync(options.stdoutFile, 'w', 0o600);
    log.debug({ argv, as: account?.name }, 'run');
    try {
      const settings: Options = {
        env: { ...inheritedEnv(), ...accountEnv(account), ...options.env, ...options.secretEnv },
        extendEnv: false,
        reject: false,
        stripFinalNewline: false,
        maxBuffer: 512 * 1024 * 1024,
        stdin: options.stdin === undefined ? 'ignore' : 'pipe',
        // execa's types know the first file descriptors only.
        ...(outFile === undefined ? {} : { stdout: outFile as 3 }),
        ...(options.stdin === undefined ? {} : { input: options.stdin }),
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
        ...(options.timeoutSeconds === undefined ? {} : { timeout: options.timeoutSeconds * 1000 }),
        ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
      };
      const child = execa(program, args, settings);
      const { onLine } = options;
      forwardLines(child.stdout, onLine && ((line) => onLine(maskWith(secrets, line), 'stdout')));
      forwardLines(child.stderr, onLine && ((line) => onLine(maskWith(secrets, line), 'stderr')));
      let stalled = false;
      const unwatch = watchIdle(child.pid, options.idle, () => {
        stalled = true;
        child.kill();
      });
      const result = await child;
      unwatch();
      const stdout = typeof result.stdout === 'string' ? result.stdout : '';
      const stderr = typeof result.stderr === 'string' ? result.stderr : '';
      const done = { stdout, stderr, exitCode: result.exitCode ?? -1, durationMs: result.durationMs };
      log.debug({ program, exitCode: result.exitCode, ms: Math.round(result.durationMs) }, 'ended');
      if (!stalled && (!result.failed || isAccepted(done.exitCode, options.accept))) return done;
      const said = maskWith(secrets, reason(stderr.trim() || stdout || (result.originalMessage ?? '')));
      if (result.code === 'ENOENT' || result.code === 'EACCES') {
        throw new DrError({
          code: 'ENGINE-MISSING',
          where: program,
          fact: `can't be started (${result.code})`,
          hint: 'run `dr doctor` to see what is missing and how to get it',
          exit: EXIT.usage,
        });
      }
      // Whoever ended it says why: a lock that was lost is no signal of a person.
      if (options.signal?.aborted && options.signal.reason instanceof DrError) throw options.signal.reason;
      if (stalled) {
        throw new DrError({
          code: 'ENGINE-STALLED',
          where: program,
          fact: `moved no data for ${options.idle?.seconds} s and was ended${said === '' ? '' : `; its last output:\n${said}`}`,
          hint: 'see whether the repository answers (`dr assess`), then run the same command again',
        });
      }
      if (result.isCanceled) {
        throw new DrError({
          code: 'INTERRUPTED',
          where: program,
          fact: 'stopped by a signal',
          hint: 'run the same command again: it resumes where it stopped',
          exit: EXIT.interrupted,
        });
      }
      if (result.timedOut) {
        throw new DrError({
          code: 'ENGINE-TIMEOUT',
          where: program,
          fact: `did not end within ${options.timeoutSeconds} s${said === '' ? '' : `; its last output:\n${said}`}`,
          hint: 'see whether the repository and the server answer (`dr assess`)',
        });
      }
      const how =
        result.exitCode === undefined ? `was ended by ${result.signal ?? 'a signal'}` : `ended ${result.exitCode}`;
      throw new DrError({
        code: 'ENGINE-FAILED',
        where: [program.split('/').at(-1), ...args.filter((a) => !a.startsWith('-')).slice(0, 1)].join(' '),
        fact: `${how}: ${said || 'it printed nothing'}`,
        hint: 'the message above is the engine’s own; run with --verbose for the whole command line',
      });
    } finally {
      if (outFile !== undefined) closeSync(outFile);
    }
  };
}

/** A child that moves less than `bytes` (read and written, sockets included) in `seconds` is ended. Needs /proc. */
export interface IdleLimit {
  readonly seconds: number;
  readonly bytes: number;
}

/** Environment of a child process. Values of `secretEnv` are masked in every message and log. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly secretEnv?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Run as this unprivileged user when `dr` is root; ignored otherwise. */
  readonly as?: string | undefined;
  readonly stdin?: string;
  /** Writes stdout to this file (created 0600) instead of into memory. */
  readonly stdoutFile?: string;
  readonly timeoutSeconds?: number;
  readonly idle?: IdleLimit | undefined;
  /** Called for each line of stdout and stderr. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Exit codes that are not an error; `any` for a program whose output says what happened. A signal is always an error. @default [0] */
  readonly accept?: readonly number[] | 'any';
  readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** Runs `argv[0]` with the rest as arguments, without a shell. Throws a DrError (`ENGINE-FAILED`, `ENGINE-MISSING`, `ENGINE-TIMEOUT`, `ENGINE-STALLED`). */
export type Run = (argv: readonly [string, ...string[]], options?: RunOptions) => Promise<RunResult>;

/**
 * Calls `end` once when less than `limit.bytes` were moved for `limit.seconds`: an engine waits for a dead connection for a quarter of an
 * hour, or forever. Returns a function that ends the watch.
 */
function watchIdle(pid: number | undefined, limit: IdleLimit | undefined, end: () => void): () => void {
  if (pid === undefined || limit === undefined) return () => {};
  let mark = 0;
  let since = performance.now();
  const check = async (): Promise<void> => {
    const moved = await bytesMoved(pid);
    if (moved === undefined || moved - mark >= limit.bytes) {
      mark = moved ?? mark;
      since = performance.now();
    } else if (performance.now() - since >= limit.seconds * 1000) {
      clearInterval(timer);
      end();
    }
  };
  const timer = setInterval(() => void check(), (limit.seconds * 1000) / 10);
  timer.unref();
  return () => clearInterval(timer);
}
