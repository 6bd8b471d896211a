/** The unprivileged account that owns PostgreSQL, and files that are made for it: `initdb` and `postgres` refuse to run as root. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { badInput, hasCode } from './errors.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

const cache = new Map<string, Account>();

/** Undefined when `dr` isn't root or `name` is not given: then programs run as the caller. Throws `ACCOUNT-UNKNOWN` (exit 2). */
export async function lookUpAccount(name: string | undefined): Promise<Account | undefined> {
  if (name === undefined || name === 'root' || process.getuid?.() !== 0) return undefined;
  const known = cache.get(name);
  if (known) return known;
  const ids = await execa('sh', ['-c', 'id -u "$1" && id -g "$1" && eval echo "~$1"', 'sh', name], { reject: false });
  const [uid, gid, home] = (ids.stdout ?? '').split('\n');
  if (ids.failed || uid === undefined || gid === undefined) {
    throw badInput({
      code: 'ACCOUNT-UNKNOWN',
      where: 'runAs',
      fact: `this machine has no account "${name}"`,
      hint: 'name an unprivileged account that exists, e.g. runAs: postgres',
    });
  }
  const account = { name, uid: Number(uid), gid: Number(gid), home: home ?? '/' };
  cache.set(name, account);
  return account;
}

/** One level. It gets its owner before its name: killed in between, a later run would take it for another's and leave it root's. */
async function makeLevel(path: string, account: Account): Promise<void> {
  const next = join(dirname(path), `.dr-new-${randomBytes(4).toString('hex')}`);
  await mkdir(next, { mode: 0o750 });
  await chown(next, account.uid, account.gid);
  await rename(next, path).catch(async (error: unknown) => {
    await rmdir(next);
    // Somebody else was faster.
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  });
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Makes a folder (0750), and what is missing above it, that belongs to the account that the engines run as. */
export async function makeOwnedFolder(path: string, accountName: string | undefined): Promise<void> {
  const account = await lookUpAccount(accountName);
  if (account === undefined) {
    await mkdir(path, { recursive: true, mode: 0o750 });
    return;
  }
  if (await isThere(path)) return;
  if (!(await isThere(dirname(path)))) await makeOwnedFolder(dirname(path), accountName);
  await makeLevel(path, account);
}

/**
 * Makes `<root>/<path>` of the engines' account, and lets that account pass through `root` and the levels between: the state
 * directory is root's, and what lies in it belongs to several accounts with modes of their own.
 */
export async function makeReachableFolder(root: string, path: string, accountName: string | undefined): Promise<void> {
  // A process without rights makes everything as itself: nobody else has to pass.
  if ((await lookUpAccount(accountName)) === undefined && process.getuid?.() !== 0) {
    await makeOwnedFolder(path, accountName);
    return;
  }
  await mkdir(root, { recursive: true, mode: 0o755 });
  await chmod(root, 0o755);
  const parts = relative(root, path).split('/').slice(0, -1);
  let level = root;
  for (const part of parts) {
    level = join(level, part);
    await mkdir(level, { recursive: true, mode: 0o755 });
    await chmod(level, 0o755);
  }
  await makeOwnedFolder(path, accountName);
}

/**
 * A script that PostgreSQL calls must never be seen half written: a shell that reads an empty `archive_command` ends 0, and PostgreSQL
 * then takes a WAL segment for archived that nobody has. So a new file takes the old one's place by rename, owner and mode included.
 */
export async function writeOwnedFile(
  path: string,
  text: string,
  mode: number,
  accountName: string | undefined,
): Promise<void> {
  const account = await lookUpAccount(accountName);
  const next = `${path}.${randomBytes(4).toString('hex')}`;
  const handle = await open(next, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.chmod(mode);
    if (account) await handle.chown(account.uid, account.gid);
    await handle.sync();
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
