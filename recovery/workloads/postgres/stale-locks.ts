/** Lock files of a PostgreSQL that was killed, and whether the process that they name still lives. */

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../core/errors.ts';

export interface ServerPlace {
  readonly dataDir: string;
  readonly socketDir: string;
  readonly port: number;
}

/** Pid in the first line of a lock file, when that process is a living PostgreSQL. */
export async function livingServer(lockFile: string): Promise<number | undefined> {
  const text = await readFile(lockFile, 'utf8').catch(() => '');
  // A socket's lock file may hold the number with a minus in front: a standalone backend.
  const pid = Math.abs(Number(text.split('\n')[0]));
  if (!Number.isInteger(pid) || pid === 0) return undefined;
  try {
    // `123 (postgres) S …`; a killed server that nobody has reaped yet is a zombie, and dead.
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return /^\d+ \((postgres|postmaster)[^)]*\) [^ZX]/.test(stat) ? pid : undefined;
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  try {
    process.kill(pid, 0);
    // No /proc on this system: a live pid counts as the server.
    return process.platform === 'linux' ? undefined : pid;
  } catch {
    return undefined;
  }
}

/**
 * PostgreSQL itself takes over lock files whose process is gone, but takes a zombie (in a container without an init, for as long as
 * that lives) for a running server and refuses to start.
 */
export async function removeStaleLocks({ dataDir, socketDir, port }: ServerPlace): Promise<void> {
  for (const lock of [join(dataDir, 'postmaster.pid'), join(socketDir, `.s.PGSQL.${port}.lock`)]) {
    if ((await livingServer(lock)) === undefined) await rm(lock, { force: true });
  }
}
