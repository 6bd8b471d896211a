/** The unprivileged account that owns PostgreSQL, and files that are made for it: `initdb` and `postgres` refuse to run as root. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { isThere } from './absent.ts';
import { badInput, DrError, hasCode, limitError } from './errors.ts';
import { namingPath } from './files/writes.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

const cache = new Map<string, Account>();

/** Throws where the program can't be started, or a signal ended it: that says nothing about an account. */
async function ask(program: string, args: readonly string[]): Promise<{ exitCode: number; stdout: string }> {
  const { exitCode, stdout, code = '', shortMessage = '' } = await execa(program, args, { reject: false });
  if (exitCode !== undefined && exitCode >= 0) return { exitCode, stdout: String(stdout ?? '') };
  throw (
    limitError(code, program, shortMessage) ??
    new DrError({ code: 'ENGINE-FAILED', where: program, fact: shortMessage, hint: 'run the same command again' })
  );
}

/** Undefined when `dr` isn't root or `name` is not given: then programs run as the caller. Throws `ACCOUNT-UNKNOWN` (exit 2). */
export async function lookUpAccount(name: string | undefined): Promise<Account | undefined> {
  if (name === undefined || name === 'root' || process.getuid?.() !== 0) return undefined;
  const known = cache.get(name);
  if (known) return known;
  const script = 'id -u "$1" && id -g "$1" && eval echo "~$1"';
  const ids = await ask('sh', ['-c', script, 'sh', name]);
  const [uid, gid, home] = ids.stdout.split('\n');
  if (ids.exitCode !== 0 || uid === undefined || gid === undefined) {
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

/** The name that this host gives a number, or the number where it has none. Numbers differ from host to host. */
export async function nameOf(database: 'passwd' | 'group', id: number): Promise<string> {
  const { stdout } = await ask('getent', [database, String(id)]);
  return stdout.split(':')[0] || String(id);
}

/** The number of an account or a group. Undefined where this host does not have it. */
export async function idOf(database: 'passwd' | 'group', name: string): Promise<number | undefined> {
  const { stdout } = await ask('getent', [database, name]);
  const id = Number(stdout.split(':')[2]);
  return stdout === '' || !Number.isInteger(id) ? undefined : id;
}

/** One level. It gets its owner before its name: a run that was killed in between would leave a folder that belongs to root. */
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

/** Makes the missing levels of a path so that every account may pass through (0755), whatever the umask. */
export async function makePassableFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 });
  for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made))
    await chmod(made, 0o755);
}

/** Makes a folder (0750) and its missing parents, all owned by the account that the engines run as. */
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
 * Makes `path` below `root` for the engines' account, and lets that account pass through `root` and the levels between: the state
 * directory belongs to root, and its folders belong to several accounts.
 */
export async function makeReachableFolder(root: string, path: string, accountName: string | undefined): Promise<void> {
  // An unprivileged `dr` owns everything itself: no other account has to pass.
  if ((await lookUpAccount(accountName)) === undefined && process.getuid?.() !== 0) {
    await makeOwnedFolder(path, accountName);
    return;
  }
  await makePassableFolder(root);
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
 * PostgreSQL must never see a half-written script: a shell that reads an empty `archive_command` exits 0, and PostgreSQL then
 * counts a WAL segment as archived that nobody has. So a new file, with owner and mode, replaces the old one by rename.
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
    await handle.writeFile(text).catch(namingPath(next));
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
