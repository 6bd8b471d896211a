/** The unprivileged account that owns PostgreSQL: `initdb`, `postgres` and pgBackRest's restored files must not be root's. */
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import { badInput } from '../errors.ts';

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

/** Makes a folder (0750) that belongs to the account that the engines run as. */
export async function makeOwnedFolder(path: string, accountName: string | undefined): Promise<void> {
  const created = await mkdir(path, { recursive: true, mode: 0o750 });
  const account = await lookUpAccount(accountName);
  if (created === undefined || account === undefined) return;
  // mkdir -p may have made several levels: all of them are ours to hand over.
  let level = path;
  while (level.length >= created.length) {
    await chown(level, account.uid, account.gid);
    level = level.slice(0, level.lastIndexOf('/'));
  }
}

/**
 * Makes `<root>/<path>` of the engines' account, and lets that account pass through `root` and the levels between: the state
 * directory is root's, and what lies in it belongs to several accounts with modes of their own.
 */
export async function makeReachableFolder(root: string, path: string, accountName: string | undefined): Promise<void> {
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
