/**
 * Who uses a folder: servers like PostgreSQL and Redis work in their data directory. It is the sign that is left when a server does not
 * answer, its lock file is gone, or its port is another one than the file of settings says.
 */
import { readlink, realpath } from 'node:fs/promises';
import { codeOf, hasCode } from '../errors.ts';
import { allPids, isAlive, processStat } from '../pids.ts';

/** The path without links; the path itself where it does not exist. */
async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return path;
    throw error;
  }
}

/** Where a process works; undefined where that is hidden from this account, or it has ended. */
async function workingFolder(pid: number): Promise<string | undefined> {
  try {
    // The kernel marks a folder that was removed or moved away.
    return (await readlink(`/proc/${pid}/cwd`)).replace(/ \(deleted\)$/, '');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/**
 * Pids of living processes by such a name (at most 15 characters of it) that work in `folder`, a parent before its children. None where
 * there is no /proc. Throws what the file system throws for a folder that can't be resolved.
 */
export async function processesIn(folder: string, name: RegExp): Promise<number[]> {
  const place = await resolved(folder);
  const named = (await allPids()).filter((pid) => name.test(processStat(pid)?.name ?? '') && isAlive(pid));
  const folders = await Promise.all(named.map(workingFolder));
  const found = named.filter((_, n) => folders[n] === place || folders[n] === folder);
  const isChild = (pid: number): boolean => found.includes(processStat(pid)?.parent ?? 0);
  return [...found.filter((pid) => !isChild(pid)), ...found.filter(isChild)];
}
