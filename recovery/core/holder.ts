/** Who holds a lock or a lease: a name for people, and facts by which the same machine can tell whether that process still runs. */
import { hostname, userInfo } from 'node:os';
import { z } from 'zod';
import { hasCode } from './errors.ts';
import { bootId, isAlive, pidNamespace, startedAt } from './pids.ts';

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

export function thisProcess(): ProcessFacts {
  return {
    host: hostname(),
    boot: bootId(),
    pidNamespace: pidNamespace(),
    pid: process.pid,
    started: startedAt(process.pid),
  };
}

/** Same machine since the same boot, and the same view of its processes. */
function isComparable(other: ProcessFacts): boolean {
  const here = thisProcess();
  if (here.started === '' || other.started === '') return false;
  return other.host === here.host && other.boot === here.boot && other.pidNamespace === here.pidNamespace;
}

/** True only when that is certain: a process of this machine that has ended. */
export function isSurelyDead(other: ProcessFacts): boolean {
  return isComparable(other) && !isAlive(other.pid, other.started);
}

/** True only when that is certain: another process of this machine, which runs. What this process holds itself, it knows. */
export function isSurelyAlive(other: ProcessFacts): boolean {
  return isComparable(other) && other.pid !== process.pid && isAlive(other.pid, other.started);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (!hasCode(error, 'ERR_SYSTEM_ERROR', 'ENOENT')) throw error;
    // The uid has no entry in /etc/passwd: a container that runs as any number.
    return `uid${process.getuid?.() ?? ''}`;
  }
}

/** `root@backup-1 pid 4711` */
export function holderName(): string {
  return `${accountName()} pid ${process.pid}`;
}

/** `root@host-1`: who ran something, for a record that outlives the process. */
export function accountName(): string {
  return `${userName()}@${hostname()}`;
}
