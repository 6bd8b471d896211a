/**
 * One child process, from its start to its end. It has ended when the program itself has: a server that it left in the background may
 * keep its output open for ever. What has to end gets SIGTERM, and with all of its descendants SIGKILL a little later.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { setTimeout as delay, setImmediate as immediately } from 'node:timers/promises';
import { codeOf, messageOf } from '../errors.ts';
import { descendantsOf, isAlive, startedAt } from '../pids.ts';
import { type Keep, KeptOutput, lineCutter } from './kept-output.ts';

/** Why a child was ended. */
export type EndReason = 'canceled' | 'timeout' | 'stalled' | 'output';

export interface ChildRequest {
  readonly argv: readonly [string, ...string[]];
  readonly spawn: Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'>;
  readonly stdin?: string | undefined;
  /** File descriptor that takes stdout. */
  readonly stdoutTo?: number | undefined;
  readonly keep: Keep;
  readonly onLine?: ((line: string, stream: 'stdout' | 'stderr') => void) | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What it has started stays: a server that is a child of its start command. @default false */
  readonly spareDescendants?: boolean | undefined;
}

export interface EndedChild {
  /** Undefined when a signal ended it, or it never started. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  /** Why this side has ended it; undefined when it ended by itself. */
  readonly endedFor: EndReason | undefined;
  /** It could not be started: the code of the operating system, such as ENOENT, and its words. */
  readonly notStarted?: { readonly code: string; readonly message: string };
}

export interface RunningChild {
  readonly pid: number | undefined;
  /** Ends it. Does nothing when it has ended. */
  end(reason: EndReason): void;
  readonly ended: Promise<EndedChild>;
}

/** Output that is in the pipe when the program ends is read at once; a descendant that writes on is not waited for. */
const DRAIN_MS = 20;
const DRAIN_WAITS = 25;
/** An engine that gets SIGTERM removes its locks within two seconds; "everything within seconds" allows no more. */
const GRACE_MS = 5_000;

const running = new Set<ChildProcess>();
let endsWithUs = false;

/** `dr` that ends at once (a second signal) leaves no engine behind. */
function endWithThisProcess(child: ChildProcess): void {
  running.add(child);
  if (endsWithUs) return;
  endsWithUs = true;
  process.once('exit', () => {
    for (const each of running) each.kill('SIGTERM');
  });
}

/** Returns when the child and, unless they are spared, its descendants are gone. */
async function endChild(child: ChildProcess, spareDescendants: boolean): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  // Before the signal: a shell that ends first would leave them to process 1.
  const below = spareDescendants ? [] : await descendantsOf(pid);
  const family = [pid, ...below].map((each) => ({ pid: each, started: startedAt(each) }));
  const alive = () => family.filter((each) => isAlive(each.pid, each.started));
  child.kill('SIGTERM');
  const deadline = performance.now() + GRACE_MS;
  while (isAlive(pid) && performance.now() < deadline) await delay(50);
  // An engine ends its own workers; what a shell has left behind gets the signal here.
  for (const each of alive()) send(each.pid, 'SIGTERM');
  while (alive().length > 0 && performance.now() < deadline) await delay(50);
  for (const each of alive()) send(each.pid, 'SIGKILL');
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: it has ended by itself. EPERM: a descendant has taken another account.
    if (!['ESRCH', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
  }
}

/** Starts a program without a shell. Never throws: what went wrong is in `ended`. */
export function startChild(request: ChildRequest): RunningChild {
  const { argv, keep, onLine, stdin, stdoutTo, signal, spareDescendants = false } = request;
  const [program, ...args] = argv;
  const begun = performance.now();
  const [stdout, stderr] = [new KeptOutput(keep), new KeptOutput('ends')];
  let endedFor: EndReason | undefined;
  let ending: Promise<void> | undefined;
  const result = (child: ChildProcess | undefined, notStarted?: EndedChild['notStarted']): EndedChild => ({
    exitCode: child?.exitCode ?? undefined,
    signal: child?.signalCode ?? undefined,
    stdout: stdout.text(),
    stderr: stderr.text(),
    durationMs: performance.now() - begun,
    endedFor,
    ...(notStarted === undefined ? {} : { notStarted }),
  });
  if (signal?.aborted === true) {
    endedFor = 'canceled';
    return { pid: undefined, end: () => {}, ended: Promise.resolve(result(undefined)) };
  }
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      ...request.spawn,
      stdio: [stdin === undefined ? 'ignore' : 'pipe', stdoutTo ?? 'pipe', 'pipe'],
    });
  } catch (error) {
    const notStarted = { code: codeOf(error) ?? '', message: messageOf(error) };
    return { pid: undefined, end: () => {}, ended: Promise.resolve(result(undefined, notStarted)) };
  }
  const end = (reason: EndReason): void => {
    if (endedFor !== undefined || child.exitCode !== null || child.signalCode !== null) return;
    endedFor = reason;
    ending = endChild(child, spareDescendants);
  };
  const cutters: { end(): void }[] = [];
  const read = (name: 'stdout' | 'stderr', kept: KeptOutput): void => {
    const lines = onLine === undefined ? undefined : lineCutter((line) => onLine(line, name));
    child[name]?.on('data', (chunk: Buffer) => {
      kept.add(chunk);
      lines?.add(chunk);
      if (kept.isTooMuch) end('output');
    });
    if (lines !== undefined) cutters.push(lines);
  };
  read('stdout', stdout);
  read('stderr', stderr);
  // A child that does not read its input has its reasons; its exit code says more.
  child.stdin?.on('error', () => {});
  if (stdin !== undefined) child.stdin?.end(stdin);
  endWithThisProcess(child);
  const onAbort = () => end('canceled');
  signal?.addEventListener('abort', onAbort, { once: true });
  const { timeoutSeconds } = request;
  const timer = timeoutSeconds === undefined ? undefined : setTimeout(() => end('timeout'), timeoutSeconds * 1000);
  const received = () => stdout.bytes + stderr.bytes;
  const ended = (async () => {
    const notStarted = await untilExit(child);
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    if (notStarted === undefined) await drain(child, received);
    for (const cutter of cutters) cutter.end();
    await ending;
    running.delete(child);
    return result(child, notStarted);
  })();
  return { pid: child.pid, end, ended };
}

/** What went wrong when it could not be started. */
function untilExit(child: ChildProcess): Promise<EndedChild['notStarted']> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve(undefined));
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: codeOf(error) ?? '', message: messageOf(error) });
    });
  });
}

/** Reads what the program has written before it ended, and does not wait for others that hold its output open. */
async function drain(child: ChildProcess, received: () => number): Promise<void> {
  let closed = false;
  const closing = new Promise<void>((resolve) => {
    child.once('close', () => {
      closed = true;
      resolve();
    });
    // It may have closed before this listener came.
    if ([child.stdout, child.stderr].every((stream) => stream === null || stream.closed)) resolve();
  });
  for (let waits = 0; waits < DRAIN_WAITS && !closed; waits += 1) {
    const before = received();
    await Promise.race([closing, delay(DRAIN_MS)]);
    // Timers come before what has arrived meanwhile.
    await immediately();
    if (received() === before) break;
  }
  child.stdout?.destroy();
  child.stderr?.destroy();
}
