/** Whether a process of this host runs, and since when. */
import { readFileSync } from 'node:fs';

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
