/** Mutual exclusion between processes by a file that only one of them can create. Held for milliseconds, never for work. */
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ifAbsent } from '../../core/absent.ts';
import { DrError, hasCode } from '../../core/errors.ts';
import { writeFile } from '../../core/files/writes.ts';
import { isAlive, pidNamespace, startedAt } from '../../core/pids.ts';
import { folderClock } from './folder-clock.ts';

/** Nobody can check a process on another host. A holder needs milliseconds, so after this long it is dead. */
const STALE_AFTER_MS = 30_000;
/** Twice as long as a stale file blocks the others. */
const GIVE_UP_AFTER_MS = 60_000;

/** A process of this host is asked itself; of another host's the file system's clock tells how long it has had the file. */
async function isStale(path: string, content: string): Promise<boolean> {
  const [host, pid, , started, namespace] = content.split(' ');
  if (host === hostname() && namespace === pidNamespace()) return !isAlive(Number(pid), started);
  const now = (await folderClock(dirname(path)))?.getTime() ?? Date.now();
  const found = await stat(path).catch(ifAbsent(undefined));
  return found !== undefined && now - found.mtimeMs > STALE_AFTER_MS;
}

/**
 * Removes a stale file. Between reading and renaming, another process may have done the same and hold a fresh file:
 * the renamed content tells, and what was fresh is put back.
 */
async function breakStale(path: string): Promise<void> {
  const content = await readFile(path, 'utf8').catch(ifAbsent(undefined));
  if (content === undefined || !(await isStale(path, content))) return;
  const aside = `${path}-${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    // Somebody else was faster.
    return ifAbsent(undefined)(error);
  }
  if ((await readFile(aside, 'utf8')) !== content) await link(aside, path).catch(ifTaken);
  await rm(aside, { force: true });
}

/** A third process holds it by now. */
function ifTaken(error: unknown): void {
  if (!hasCode(error, 'EEXIST')) throw error;
}

/** Runs `work` while the file `path` is ours. Throws `REPOSITORY-BUSY` after a minute of waiting. */
export async function whileExclusive<T>(path: string, work: () => Promise<T>): Promise<T> {
  const content = `${hostname()} ${process.pid} ${randomBytes(8).toString('hex')} ${startedAt(process.pid)} ${pidNamespace()}`;
  const giveUp = performance.now() + GIVE_UP_AFTER_MS;
  for (let wait = 2; ; wait = Math.min(wait * 2, 100)) {
    try {
      await writeFile(path, content, { flag: 'wx', mode: 0o640 });
      break;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    await breakStale(path);
    if (performance.now() > giveUp) {
      throw new DrError({
        code: 'REPOSITORY-BUSY',
        where: path,
        fact: 'is held by another process for longer than a minute',
        hint: 'see which process holds it (the file names host and pid); remove the file if that process is gone',
      });
    }
    await pause(wait + Math.random() * wait);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}
