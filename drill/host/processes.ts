/**
 * Long-running processes of a drill. Each is known by a file that outlives the drill's own death, with the moment the
 * process started, so that a later run can end what is left and never a stranger that got the same number.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from '../../recovery/core/account.ts';
import { DrError } from '../../recovery/core/errors.ts';
import { endProcess, isAlive, startedAt } from '../../recovery/core/pids.ts';

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

/** Loaded only where it is needed: most services start without, and faster so. */
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
  failure.catch(() => {});
  child.unref();
  const pid = child.pid as number;
  const tracked = { name: basename(options.pidFile), pid, started: startedAt(pid) };
  await writeFile(options.pidFile, JSON.stringify(tracked));
  return tracked;
}

export async function readTracked(pidFile: string): Promise<TrackedProcess | undefined> {
  const text = await readFile(pidFile, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as TrackedProcess;
  } catch {
    return undefined; // torn by a kill
  }
}

export async function endTracked(pidFile: string, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const tracked = await readTracked(pidFile);
  if (tracked && isAlive(tracked.pid, tracked.started)) await endProcess(tracked.pid, signal);
  await rm(pidFile, { force: true });
}

/** Polls until `condition` gives a value. Throws `DRILL-TIMEOUT` naming `what`. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false>,
  seconds = 30,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value as T;
    if (Date.now() > deadline) {
      throw new DrError({
        code: 'DRILL-TIMEOUT',
        where: what,
        fact: `did not happen within ${seconds} s`,
        hint: 'run the drill with --keep and read the logs in its folder',
      });
    }
    await delay(25);
  }
}
