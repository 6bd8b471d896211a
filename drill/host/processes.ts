/**
 * Long-running processes of a drill. A pid file outlives a killed drill and holds the start time of the process, so that a later run ends
 * what is left, and never an unrelated process with the same number.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { ifAbsent, ignoring } from '../../recovery/core/absent.ts';
import type { Account } from '../../recovery/core/account.ts';
import { DrError } from '../../recovery/core/errors.ts';
import { isRecord, parseJson } from '../../recovery/core/json.ts';
import { endProcess, isAlive, startedAt } from '../../recovery/core/pids.ts';
import { poll } from '../../recovery/core/poll.ts';

export interface TrackedProcess {
  readonly name: string;
  readonly pid: number;
  /** Clock ticks since boot (`/proc/<pid>/stat`, field 22); empty where there is no /proc. */
  readonly started: string;
}

export interface DaemonOptions {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** stdout and stderr are appended here. */
  readonly logFile: string;
  readonly pidFile: string;
  readonly as?: string | undefined;
}

/** Loaded only when needed: most services start without it, and faster. */
async function accountOf(name: string | undefined): Promise<Account | undefined> {
  return name === undefined ? undefined : (await import('../../recovery/core/account.ts')).lookUpAccount(name);
}

/** Starts a process that outlives its starter. */
export async function startDaemon(options: DaemonOptions): Promise<TrackedProcess> {
  const account = await accountOf(options.as);
  await mkdir(dirname(options.pidFile), { recursive: true });
  const log = openSync(options.logFile, 'a', 0o600);
  const [program, ...args] = options.argv;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', HOME: account?.home ?? process.env.HOME ?? '/', ...options.env },
    stdio: ['ignore', log, log],
    detached: true,
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  });
  closeSync(log);
  const failure = new Promise<never>((_, reject) => child.once('error', reject));
  const spawned = new Promise<void>((resolve) => child.once('spawn', resolve));
  try {
    await Promise.race([failure, spawned]);
  } catch (cause) {
    const hint = 'see `dr doctor`';
    throw new DrError({ code: 'DRILL-START', where: program, fact: `can't be started (${cause})`, hint, cause });
  }
  failure.catch(ignoring('it has started; its end is seen by its pid'));
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new TypeError(`${program} was spawned without a process number`);
  const tracked = { name: basename(options.pidFile), pid, started: startedAt(pid) };
  await writeFile(options.pidFile, JSON.stringify(tracked));
  return tracked;
}

/** Undefined for a file that a kill has torn. */
function parseTracked(text: string): TrackedProcess | undefined {
  const found = parseJson(text);
  if (!isRecord(found)) return undefined;
  const { name, pid, started } = found;
  if (typeof name !== 'string' || typeof pid !== 'number' || typeof started !== 'string') return undefined;
  return { name, pid, started };
}

export async function readTracked(pidFile: string): Promise<TrackedProcess | undefined> {
  const text = await readFile(pidFile, 'utf8').catch(ifAbsent(undefined));
  if (text === undefined) return undefined;
  return parseTracked(text);
}

export async function endTracked(pidFile: string, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const tracked = await readTracked(pidFile);
  if (tracked && isAlive(tracked.pid, tracked.started)) await endProcess(tracked.pid, signal);
  await rm(pidFile, { force: true });
}

/** Servers start in tenths of a second, and a drill measures the time until they do. */
const EVERY_SECONDS = 0.025;

/** Polls until `condition` gives a value. Throws `DRILL-TIMEOUT` naming `what`. */
export async function waitFor<T>(
  what: string,
  condition: () => Promise<T | undefined | false>,
  seconds = 30,
): Promise<T> {
  const options = { seconds, everySeconds: EVERY_SECONDS };
  const { answer } = await poll(options, condition, (value) => value !== undefined && value !== false);
  if (answer !== undefined && answer !== false) return answer;
  throw new DrError({
    code: 'DRILL-TIMEOUT',
    where: what,
    fact: `did not happen within ${seconds} s`,
    hint: 'run the drill with --keep and read the logs in its folder',
  });
}
