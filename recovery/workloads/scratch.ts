/** A folder for a server that is tried or asked aside, below the state directory; nothing in it outlives the command. */
import { chmod, chown, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../config/site.ts';
import { ifAbsent } from '../core/absent.ts';
import { lookUpAccount, makePassableFolder, makeReachableFolder } from '../core/account.ts';
import { precondition } from '../core/errors.ts';
import { makeTempFolder } from '../core/files/temp-folder.ts';
import { writeFile } from '../core/files/writes.ts';
import { formatBytes } from '../report/format.ts';
import type { Scratch } from './workload.ts';

const LONGEST_SOCKET = '/.s.PGSQL.5432'.length;

/** Only the engines' account may enter: the restored data is as secret as the original. */
async function makeSockets(site: Site, folder: string): Promise<string> {
  const near = join(folder, 'run');
  const as = site.environment.runAs;
  if (near.length + LONGEST_SOCKET <= 107) {
    await makeReachableFolder(site.environment.stateDir, near, as);
    await chmod(near, 0o700);
    return near;
  }
  const made = await makeTempFolder('dr-verify-', { short: true });
  const account = await lookUpAccount(as);
  if (account) await chown(made, account.uid, account.gid);
  return made;
}

/** Names the sockets' folder where that lies elsewhere: a run that was killed leaves both. */
const SOCKETS = 'sockets-folder';

/** The sockets of a run that was killed. */
export async function socketsLeft(folder: string): Promise<string> {
  return (await readFile(join(folder, SOCKETS), 'utf8').catch(ifAbsent(''))) || join(folder, 'run');
}

export async function makeScratch(site: Site, folder: string): Promise<Scratch> {
  await rm(await socketsLeft(folder), { recursive: true, force: true, maxRetries: 3 });
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  await makePassableFolder(folder);
  const sockets = await makeSockets(site, folder);
  await writeFile(join(folder, SOCKETS), sockets);
  return {
    folder,
    sockets,
    async remove() {
      for (const path of [sockets, folder]) await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Copies are tried one after another, so the largest decides. Throws `DISK-TOO-SMALL` (exit 6). */
export async function checkRoom(
  scratch: Pick<Scratch, 'folder'>,
  bytes: number,
  what = 'the trial restore',
  hint = 'make room, or verify on a host that has more; without --deep nothing is laid down',
): Promise<void> {
  const { bavail, bsize } = await statfs(scratch.folder);
  const free = bavail * bsize;
  if (bytes <= free) return;
  throw precondition({
    code: 'DISK-TOO-SMALL',
    where: scratch.folder,
    fact: `${what} needs ${formatBytes(bytes)} there and ${formatBytes(free)} are free`,
    hint,
  });
}
