/** Who holds a lock or a lease: a name for people, and facts by which the same machine can tell whether that process still lives. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { z } from 'zod';

export const processSchema = z.strictObject({
  host: z.string(),
  /** Differs after a reboot. */
  boot: z.string(),
  /** Differs between containers, where the same pid is another process. */
  pidNamespace: z.string(),
  pid: z.number().int(),
  /** Clock ticks since boot: tells a process from a later one with the same pid. */
  started: z.string(),
});
export type ProcessFacts = z.infer<typeof processSchema>;

function textOf(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return '';
  }
}

/** Empty for a process that is gone, a zombie, or where there is no /proc. */
function startOf(pid: number): string {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The program's name stands in brackets and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? '' : (fields[19] ?? '');
}

export function thisProcess(): ProcessFacts {
  return {
    host: hostname(),
    boot: textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    pidNamespace: textOf(() => readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    started: startOf(process.pid),
  };
}

/** True only when that is certain: same machine since the same boot, same view of processes, and no such process any more. */
export function isSurelyDead(other: ProcessFacts): boolean {
  const here = thisProcess();
  if (here.started === '' || other.started === '') return false;
  const comparable = other.host === here.host && other.boot === here.boot && other.pidNamespace === here.pidNamespace;
  return comparable && startOf(other.pid) !== other.started;
}

/** `root@backup-1 pid 4711` */
export function holderName(): string {
  const user = textOf(() => userInfo().username) || `uid${process.getuid?.() ?? ''}`;
  return `${user}@${hostname()} pid ${process.pid}`;
}
