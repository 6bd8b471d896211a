/** Child processes: no shell, secrets masked, an unprivileged user where `dr` itself is root, and an end to those that move no data. */
import { closeSync, openSync } from 'node:fs';
import { type Account, lookUpAccount } from './account.ts';
import { DrError, EXIT, limitError } from './errors.ts';
import type { Logger } from './log.ts';
import { bytesMoved, descendantsOf } from './pids.ts';
import { type EndedChild, type RunningChild, startChild } from './process/child.ts';
import type { Keep } from './process/kept-output.ts';

/** Inherited variables that no engine needs and that could redirect one (PGHOST, RESTIC_REPOSITORY, PGBACKREST_STANZA …). */
const REDIRECTING = /^(PG|RESTIC_|PGBACKREST_|AWS_|REDISCLI_)/;

function inheritedEnv(): Record<string, string> {
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || REDIRECTING.test(name) ? [] : [[name, value] as const],
  );
  return Object.fromEntries(kept);
}

/** Go prints where it was: a function, and below it file and line. */
const GO_FRAMES = /^\S+\n\t\S+\.(?:go|s):\d+(?:\n|$)/gm;

/** pgBackRest asks for a retention in each call; the plan has it, and `dr prune` applies it. */
const ADVICE = /\bWARN: option 'repo\d+-retention-full' is not set/;

/** The text from the first error line on, with the warnings before it; without an error line the last lines. The rest is progress. */
function reason(text: string): string {
  const printed = text.replaceAll(GO_FRAMES, '').trim().split('\n');
  const lines = printed.filter((line) => !ADVICE.test(line));
  const warnings = lines.filter((line) => /\bWARN:/.test(line)).slice(0, 4);
  const first = lines.findIndex((line) => /\b(?:ERROR|FATAL|PANIC|Fatal|error):/.test(line));
  const errors = lines.slice(first, first + 8).filter((line) => !warnings.includes(line));
  const said = first < 0 ? lines.slice(-8) : [...warnings, ...errors];
  return said.filter((line) => !/INFO: \S+ command (?:begin|end)/.test(line)).join('\n');
}

function maskWith(secrets: readonly string[], text: string): string {
  return secrets.reduce((masked, secret) => (secret.length < 4 ? masked : masked.replaceAll(secret, '***')), text);
}

function isAccepted(exitCode: number, accept: RunOptions['accept'] = [0]): boolean {
  // Below 0: a signal ended it, so it has no exit code.
  return accept === 'any' ? exitCode >= 0 : accept.includes(exitCode);
}

function accountEnv(account: Account | undefined): Record<string, string> {
  return account === undefined ? {} : { HOME: account.home, USER: account.name, LOGNAME: account.name };
}

/** Runs a program; see `Run`. What runs when `signal` is raised is ended, unless its options say otherwise. */
export function makeRun(log: Logger, whole?: AbortSignal): Run {
  return async (argv, options = {}) => {
    const [program] = argv;
    const account = await lookUpAccount(options.as);
    const secrets = Object.values(options.secretEnv ?? {});
    const { stdoutFile, onLine, timeoutSeconds } = options;
    const outFile = stdoutFile === undefined ? undefined : openSync(stdoutFile, 'w', 0o600);
    log.debug({ argv, as: account?.name }, 'run');
    try {
      let watch: Watch | undefined;
      const child = startChild({
        argv,
        spawn: {
          env: { ...inheritedEnv(), ...accountEnv(account), ...options.env, ...options.secretEnv },
          ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
          ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
        },
        keep: options.keep ?? 'all',
        stdin: options.stdin,
        stdoutTo: outFile,
        onLine: (line, stream) => {
          watch?.printed();
          onLine?.(maskWith(secrets, line), stream);
        },
        timeoutSeconds,
        signal: signalOf(options, whole),
        spareDescendants: options.spareDescendants,
      });
      watch = watchIdle(child, options.idle);
      const ended = await child.ended;
      watch.stop();
      log.debug({ program, exitCode: ended.exitCode, ms: Math.round(ended.durationMs) }, 'ended');
      const { stdout, stderr, exitCode = -1, durationMs } = ended;
      const isDone = ended.endedFor === undefined && ended.notStarted === undefined;
      if (isDone && isAccepted(exitCode, options.accept)) return { stdout, stderr, exitCode, durationMs };
      const said = maskWith(secrets, reason(stderr.trim() || stdout || (ended.notStarted?.message ?? '')));
      throw failureOf({ argv, options, ended, said });
    } finally {
      if (outFile !== undefined) closeSync(outFile);
    }
  };
}

/** What cleans up is not ended by the signal that it cleans up after. */
function signalOf({ signal, cleansUp }: RunOptions, whole: AbortSignal | undefined): AbortSignal | undefined {
  if (cleansUp === true) return undefined;
  return signal !== undefined && whole !== undefined ? AbortSignal.any([signal, whole]) : (signal ?? whole);
}

interface Failed {
  readonly argv: readonly [string, ...string[]];
  readonly options: RunOptions;
  readonly ended: EndedChild;
  /** What it printed, without secrets. */
  readonly said: string;
}

function failureOf({ argv, options, ended, said }: Failed): DrError {
  const [program, ...args] = argv;
  const lastOutput = said === '' ? '' : `; its last output:\n${said}`;
  const code = ended.notStarted?.code;
  if (code === 'ENOENT' || code === 'EACCES') {
    return new DrError({
      code: 'ENGINE-MISSING',
      where: program,
      fact: `can't be started (${code})`,
      hint: 'run `dr doctor` to see what is missing and how to get it',
      exit: EXIT.usage,
    });
  }
  const limit = limitError(code ?? '', program, ended.notStarted?.message ?? '');
  if (limit !== undefined) return limit;
  switch (ended.endedFor) {
    case 'stalled':
      return new DrError({
        code: 'ENGINE-STALLED',
        where: program,
        fact: `moved no data for ${options.idle?.seconds} s and was ended${lastOutput}`,
        hint: 'see whether the repository answers (`dr assess`), then run the same command again',
      });
    case 'canceled':
      // Whoever ended it says why: a lock that was lost is no signal of a person.
      if (options.signal?.reason instanceof DrError) return options.signal.reason;
      return new DrError({
        code: 'INTERRUPTED',
        where: program,
        fact: 'stopped by a signal',
        hint: 'run the same command again: it resumes where it stopped',
        exit: EXIT.interrupted,
      });
    case 'timeout':
      return new DrError({
        code: 'ENGINE-TIMEOUT',
        where: program,
        fact: `did not end within ${options.timeoutSeconds} s${lastOutput}`,
        hint: options.timeoutHint ?? 'see whether the repository and the server answer (`dr assess`)',
      });
    case 'output':
      return new DrError({
        code: 'ENGINE-OUTPUT',
        where: program,
        fact: 'printed more than 256 MB and was ended',
        hint: 'run it by hand and see what it prints: with --verbose `dr` shows the whole command line',
      });
    default:
  }
  const how = ended.exitCode === undefined ? `was ended by ${ended.signal ?? 'a signal'}` : `ended ${ended.exitCode}`;
  return new DrError({
    code: 'ENGINE-FAILED',
    where: [program.split('/').at(-1), ...args.filter((a) => !a.startsWith('-')).slice(0, 1)].join(' '),
    fact: `${how}: ${said || 'it printed nothing'}`,
    hint: 'the message above is the engine’s own; run with --verbose for the whole command line',
  });
}

/**
 * A child that moves less than `bytes` (with its workers; read and written, sockets included) and prints nothing in `seconds` is ended.
 * Needs /proc.
 */
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
  /** For commands that move no data: what copies has a limit on its progress (`idle`). */
  readonly timeoutSeconds?: number;
  /** What to do when it did not end in time. */
  readonly timeoutHint?: string;
  readonly idle?: IdleLimit | undefined;
  /** Called for each line of stdout and stderr. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Exit codes that are not an error; `any` for a program whose output says what happened. A signal is always an error. @default [0] */
  readonly accept?: readonly number[] | 'any';
  readonly signal?: AbortSignal | undefined;
  /** It undoes what must not stay, and runs after a signal too. Give it `timeoutSeconds`. @default false */
  readonly cleansUp?: boolean;
  /** Of stdout: `ends` for a program whose output nobody parses. @default 'all' */
  readonly keep?: Keep;
  /** A server that it starts is not ended with it. @default false */
  readonly spareDescendants?: boolean;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** Runs `argv[0]` with the rest as arguments, without a shell. Throws a DrError (`ENGINE-FAILED`, `ENGINE-MISSING`, `ENGINE-TIMEOUT`, `ENGINE-STALLED`, `ENGINE-OUTPUT`). */
export type Run = (argv: readonly [string, ...string[]], options?: RunOptions) => Promise<RunResult>;

/** Of a process and its workers; undefined where that can't be known. A worker that has ended takes its bytes with it. */
async function familyBytes(pid: number): Promise<number | undefined> {
  const all = await Promise.all([pid, ...(await descendantsOf(pid))].map(bytesMoved));
  const known = all.filter((bytes) => bytes !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes, 0);
}

interface Watch {
  /** It has printed something. */
  readonly printed: () => void;
  readonly stop: () => void;
}

/**
 * Calls `end` once when less than `limit.bytes` were moved for `limit.seconds`: an engine waits for a dead connection for a quarter of an
 * hour, or forever.
 */
function watchIdle({ pid, end }: RunningChild, limit: IdleLimit | undefined): Watch {
  if (pid === undefined || limit === undefined) return { printed: () => {}, stop: () => {} };
  let mark = 0;
  let since = performance.now();
  const check = async (): Promise<void> => {
    const moved = await familyBytes(pid);
    // Less than before: a worker has ended.
    if (moved === undefined || Math.abs(moved - mark) >= limit.bytes) {
      mark = moved ?? mark;
      since = performance.now();
    } else if (performance.now() - since >= limit.seconds * 1000) {
      clearInterval(timer);
      end('stalled');
    }
  };
  const timer = setInterval(() => void check(), (limit.seconds * 1000) / 10);
  timer.unref();
  return {
    printed: () => {
      since = performance.now();
    },
    stop: () => clearInterval(timer),
  };
}
