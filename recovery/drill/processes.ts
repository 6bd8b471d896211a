/**
 * Long-running processes of a drill. Each is known by a file that outlives the drill's own death, with the moment the
 * process started, so that a later run can end what is left and never a stranger that got the same number.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from '../adapters/account.ts';
import { DrError } from '../errors.ts';

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

interface ProcStat {
  readonly state: string;
  readonly parent: number;
  readonly started: string;
}

async function procStat(pid: number): Promise<ProcStat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The program's name stands in brackets and may hold blanks.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields && { state: fields[0] ?? '', parent: Number(fields[1]), started: fields[19] ?? '' };
}

/** True while the process runs; a zombie has ended. */
export async function isAlive(pid: number, started = ''): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const stat = await procStat(pid);
  if (stat === undefined) return process.platform !== 'linux';
  return stat.state !== 'Z' && (started === '' || started === stat.started);
}

/** All descendants, the deepest first: PostgreSQL's backends leave the postmaster's process group. */
async function descendants(pid: number): Promise<number[]> {
  const entries = await readdir('/proc').catch(() => []);
  const pids = entries.filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map(await Promise.all(pids.map(async (p) => [p, (await procStat(p))?.parent] as const)));
  const below = (of: number): number[] => pids.filter((p) => parents.get(p) === of).flatMap((p) => [...below(p), p]);
  return below(pid);
}

/** Clock ticks since boot at which a process started; empty where there is no /proc. */
export async function startedAt(pid: number): Promise<string> {
  return (await procStat(pid))?.started ?? '';
}

/** Loaded only where it is needed: most services start without, and faster so. */
async function accountOf(name: string | undefined): Promise<Account | undefined> {
  return name === undefined ? undefined : (await import('../adapters/account.ts')).lookUpAccount(name);
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
  const tracked = { name: basename(options.pidFile), pid, started: await startedAt(pid) };
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

/** Ends a process (and with SIGKILL its descendants) and returns when it is gone; falls back to SIGKILL after `graceMs`. */
export async function endProcess(pid: number, signal: 'SIGTERM' | 'SIGKILL', graceMs = 10_000): Promise<void> {
  const family = signal === 'SIGKILL' ? [pid, ...(await descendants(pid))] : [pid];
  for (const member of family) send(member, signal);
  const deadline = Date.now() + graceMs;
  for (const member of family) {
    while (await isAlive(member)) {
      if (Date.now() > deadline) send(member, 'SIGKILL');
      await delay(10);
    }
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

export async function endTracked(pidFile: string, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const tracked = await readTracked(pidFile);
  if (tracked && (await isAlive(tracked.pid, tracked.started))) await endProcess(tracked.pid, signal);
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
