/** Whether a process of this host runs, and since when. */
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

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

/** Clock ticks a second, as every Linux has them for programs. */
const TICKS = 100;

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** A zombie does nothing any more. */
export function isRunning(pid: number): boolean {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat !== '') return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Undefined where there is no /proc. */
export function beganAt(pid: number): Date | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const boot = /^btime (\d+)$/m.exec(textOf('/proc/stat'))?.[1];
  if (stat === '' || boot === undefined) return undefined;
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return new Date((Number(boot) + ticks / TICKS) * 1000);
}
