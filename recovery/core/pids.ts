/**
 * The one reader of /proc: which processes of this host run, since when, and what they do. It imports nothing but Node and `errors.ts`,
 * because the services of a drill load it at their start.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from './errors.ts';

export interface ProcessStat {
  /** Name of the program, at most 15 characters. */
  readonly name: string;
  /** One letter; `Z` is a zombie, which has ended and waits for its parent. */
  readonly state: string;
  readonly parent: number;
  /** Clock ticks since boot. */
  readonly started: string;
}

/** What /proc says of a process that has ended, that is hidden from this account, or where there is no /proc. */
const NOT_SHOWN = ['ENOENT', 'ENOTDIR', 'ESRCH', 'EACCES', 'EPERM'];

function emptyWhereNotShown<T>(empty: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, ...NOT_SHOWN)) return empty;
    throw error;
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return emptyWhereNotShown('')(error);
  }
}

/** Undefined for a process that is gone or hidden, and where there is no /proc. */
export function processStat(pid: number): ProcessStat | undefined {
  // `123 (name) S 1 …`: the name may hold blanks and brackets itself.
  const [, name = '', rest] = /^\d+ \((.*)\) (.*)/s.exec(textOf(`/proc/${pid}/stat`)) ?? [];
  if (rest === undefined) return undefined;
  const fields = rest.split(' ');
  return { name, state: fields[0] ?? '', parent: Number(fields[1]), started: fields[19] ?? '' };
}

/** Whether a signal (SIGSTOP) or a debugger has stopped it: the process is there, and answers nobody until it goes on. */
export function isStopped(pid: number): boolean {
  return ['T', 't'].includes(processStat(pid)?.state ?? '');
}

/** For messages: what to do about a process that is stopped; empty for any other. */
export function stoppedWords(pid: number | undefined): string {
  return pid !== undefined && isStopped(pid) ? `; it is stopped (SIGSTOP), and goes on by: kill -CONT ${pid}` : '';
}

function takesSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It exists and belongs to somebody else.
    return hasCode(error, 'EPERM');
  }
}

/**
 * True while the process runs; a zombie has ended. With `started` a later process that got the same number does not count. In doubt (a
 * /proc that hides it, or none) a process that takes signals is alive.
 */
export function isAlive(pid: number, started = ''): boolean {
  const stat = processStat(pid);
  if (stat === undefined) return takesSignals(pid);
  return !['Z', 'X'].includes(stat.state) && (started === '' || started === stat.started);
}

/** Clock ticks since boot at which a process started; empty where there is no /proc. */
export function startedAt(pid: number): string {
  return processStat(pid)?.started ?? '';
}

/** Clock ticks a second: the kernel gives every program the same. */
const TICKS = 100;

/** Undefined where there is no /proc. */
export function beganAt(pid: number): Date | undefined {
  const started = startedAt(pid);
  const boot = /^btime (\d+)$/m.exec(textOf('/proc/stat'))?.[1];
  if (started === '' || boot === undefined) return undefined;
  return new Date((Number(boot) + Number(started) / TICKS) * 1000);
}

/** Differs after a reboot; empty where there is no /proc. */
export function bootId(): string {
  return textOf('/proc/sys/kernel/random/boot_id').trim();
}

/** Differs between containers, where the same pid is another process; empty where there is no /proc. */
export function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch (error) {
    return emptyWhereNotShown('')(error);
  }
}

/** All processes that this one can see; empty where there is no /proc. */
export async function allPids(): Promise<number[]> {
  const names = await readdir('/proc').catch(emptyWhereNotShown<string[]>([]));
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Empty for a process that is gone. Asynchronous: a process that is stuck in the kernel can delay the answer. */
export async function argvOf(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(emptyWhereNotShown(''))).split('\0').slice(0, -1);
}

export interface ProcessDetails {
  readonly argv: readonly string[];
  /** Path of the program's file; the kernel adds ` (deleted)` when that was removed. */
  readonly executable: string;
  /** Its working directory. */
  readonly folder: string;
}

/** What is not known, or not shown to this user, is empty. */
export async function processDetails(pid: number): Promise<ProcessDetails> {
  const link = (name: string) => readlink(`/proc/${pid}/${name}`).catch(emptyWhereNotShown(''));
  const [argv, executable, folder] = await Promise.all([argvOf(pid), link('exe'), link('cwd')]);
  return { argv, executable, folder };
}

/** False where a path of that process is another file here: it runs in a container. Undefined where that is not shown. */
export async function sharesFiles(pid: number): Promise<boolean | undefined> {
  const other = await readlink(`/proc/${pid}/ns/pid`).catch(emptyWhereNotShown(''));
  return other === '' ? undefined : other === pidNamespace();
}

/** The service of systemd that a process belongs to: `redis-server.service`. Undefined for one that was started by hand. */
export async function unitOf(pid: number): Promise<string | undefined> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(emptyWhereNotShown(''));
  return /:\/system\.slice\/(?:[^/\n]+\.slice\/)*([^/\n]+\.service)$/m.exec(groups)?.[1];
}

/** The file that a process prints its errors to; empty where that is not a file, or not shown. */
export async function errorFileOf(pid: number): Promise<string> {
  const target = await readlink(`/proc/${pid}/fd/2`).catch(emptyWhereNotShown(''));
  return target.startsWith('/') && !target.startsWith('/dev/') ? target : '';
}

/** Bytes that a process has read and written so far, sockets included; undefined where that can't be known. */
export async function bytesMoved(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8').catch(emptyWhereNotShown(''));
  const [read, written] = [/^rchar: (\d+)/m, /^wchar: (\d+)/m].map((field) => field.exec(text)?.[1]);
  return read === undefined || written === undefined ? undefined : Number(read) + Number(written);
}

/** All descendants, the deepest first: PostgreSQL's backends leave the postmaster's process group. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const pids = await allPids();
  const parents = new Map(pids.map((each) => [each, processStat(each)?.parent] as const));
  const below = (of: number): number[] => pids.filter((p) => parents.get(p) === of).flatMap((p) => [...below(p), p]);
  return below(pid);
}

/** PostgreSQL and Redis write out their state within two seconds of the signal; ten allow for a loaded machine. */
const GRACE_MS = 10_000;

/** Ends a process (and with SIGKILL its descendants) and returns when it is gone; sends SIGKILL after `graceMs`. */
export async function endProcess(pid: number, signal: 'SIGTERM' | 'SIGKILL', graceMs = GRACE_MS): Promise<void> {
  const family = signal === 'SIGKILL' ? [pid, ...(await descendantsOf(pid))] : [pid];
  for (const member of family) send(member, signal);
  const deadline = Date.now() + graceMs;
  for (const member of family) {
    while (isAlive(member)) {
      if (Date.now() > deadline) send(member, 'SIGKILL');
      await delay(10);
    }
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: it has ended by itself. EPERM: it belongs to somebody else, and the caller's own wait shows that it still runs.
    if (!hasCode(error, 'ESRCH', 'EPERM')) throw error;
  }
}
