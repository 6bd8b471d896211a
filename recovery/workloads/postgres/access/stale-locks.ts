/** Lock files of a PostgreSQL that was killed, and whether the process that they name still lives. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ifAbsent } from '../../../core/absent.ts';
import { isAlive, processStat } from '../../../core/pids.ts';

export interface ServerPlace {
  readonly dataDir: string;
  readonly socketDir: string;
  readonly port: number;
}

/** Pid in the first line of a lock file, when that process is a living PostgreSQL. Throws for a file that can't be read: unclear is alive. */
export async function livingServer(lockFile: string): Promise<number | undefined> {
  const text = await readFile(lockFile, 'utf8').catch(ifAbsent(''));
  // A socket's lock file may hold the number with a minus in front: a standalone backend.
  const pid = Math.abs(Number(text.split('\n')[0]));
  if (!Number.isInteger(pid) || pid === 0) return undefined;
  // Where /proc does not tell the program, a process that runs counts as the server.
  const { name } = processStat(pid) ?? { name: 'postgres' };
  return /^(postgres|postmaster)/.test(name) && isAlive(pid) ? pid : undefined;
}

/** Data directory of another living server that has this socket and port; its lock file names it in the second line. */
export async function socketHolder({ dataDir, socketDir, port }: ServerPlace): Promise<string | undefined> {
  const lock = join(socketDir, `.s.PGSQL.${port}.lock`);
  if ((await livingServer(lock)) === undefined) return undefined;
  const holder = (await readFile(lock, 'utf8')).split('\n')[1] ?? '';
  return holder === '' || holder === dataDir ? undefined : holder;
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
