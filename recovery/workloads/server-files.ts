/**
 * Files that a server needs and that lie outside of its data: configuration, certificates, keys. The server names them, a capture holds
 * them below `server-files/` by their own paths, and a restore puts those back that the host has lost.
 */
import { chmod, chown, copyFile, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isThere } from '../core/absent.ts';
import { idOf, lookUpAccount, makePassableFolder, nameOf } from '../core/account.ts';
import { DrError, hasCode } from '../core/errors.ts';
import { writeFile } from '../core/files/writes.ts';
import { followLinks } from '../core/links.ts';

const FOLDER = 'server-files';
const LIST = 'server-files.json';

const listed = z.array(
  z.object({
    path: z.string(),
    mode: z.number().int(),
    /** Names, because numbers differ from host to host. */
    owner: z.string(),
    group: z.string(),
    /** It must exist; its files are listed by themselves. */
    isFolder: z.boolean().optional(),
  }),
);
type ServerFile = z.infer<typeof listed>[number];

function unreadable(path: string, cause: unknown): DrError {
  return new DrError({
    code: 'SERVER-FILE-UNREADABLE',
    where: path,
    fact: `the server uses this file, and it can't be copied: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'run `dr` as a user that may read it (usually root), or correct the setting that names it',
    cause,
  });
}

async function describeFile(path: string): Promise<ServerFile> {
  const found = await stat(path);
  const [owner, group] = [await nameOf('passwd', found.uid), await nameOf('group', found.gid)];
  return { path, mode: found.mode & 0o7777, owner, group, ...(found.isDirectory() ? { isFolder: true } : {}) };
}

/** Copies the files into `folder`, each once, and remembers the folders. Throws `SERVER-FILE-UNREADABLE`. */
export async function carryFiles(
  folder: string,
  paths: readonly string[],
  folders: readonly string[] = [],
): Promise<ServerFile[]> {
  const files: ServerFile[] = [];
  for (const path of [...new Set([...folders, ...paths])].sort()) {
    const copy = join(folder, FOLDER, path);
    try {
      const file = await describeFile(path);
      files.push(file);
      if (file.isFolder) continue;
      await mkdir(dirname(copy), { recursive: true, mode: 0o700 });
      await copyFile(path, copy);
      await chmod(copy, 0o600);
    } catch (error) {
      throw unreadable(path, error);
    }
  }
  await listFiles(folder, files);
  return files;
}

/** For files that came another way: by SQL. */
export async function writeCarried(folder: string, path: string, content: Buffer): Promise<void> {
  const copy = join(folder, FOLDER, path);
  await mkdir(dirname(copy), { recursive: true, mode: 0o700 });
  await writeFile(copy, content, { mode: 0o600 });
}

async function listFiles(folder: string, files: readonly ServerFile[]): Promise<void> {
  await writeFile(join(folder, LIST), `${JSON.stringify(files, undefined, 1)}\n`, { mode: 0o600 });
}

/** Undefined for a copy of an earlier version, which holds no list. */
export async function carriedFiles(folder: string): Promise<ServerFile[] | undefined> {
  const text = await readFile(join(folder, LIST), 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  return text === undefined ? undefined : listed.parse(JSON.parse(text));
}

/** By rename, so that a server never reads half of it. */
async function place(from: string, to: string, file: ServerFile, accountName: string | undefined): Promise<void> {
  await makePassableFolder(dirname(to));
  if (file.isFolder) {
    await mkdir(to);
    await handOver(to, file, accountName);
    return;
  }
  const next = `${to}.dr-new`;
  await copyFile(from, next);
  await handOver(next, file, accountName);
  const handle = await open(next, 'r');
  await handle.sync().finally(() => handle.close());
  await rename(next, to);
}

async function handOver(next: string, file: ServerFile, accountName: string | undefined): Promise<void> {
  await chmod(next, file.mode);
  const account = await lookUpAccount(accountName);
  if (process.getuid?.() === 0) {
    const [uid, gid] = [await idOf('passwd', file.owner), await idOf('group', file.group)];
    if (uid !== undefined && gid !== undefined) await chown(next, uid, gid);
    else if (account) await chown(next, account.uid, account.gid);
  }
}

export interface PutBack {
  /** Folder of the laid-down copy. */
  readonly copy: string;
  /** The server's account, for files whose owner this host does not have. */
  readonly account: string | undefined;
  /** Where a file goes on this host. @default its own path */
  readonly at?: (path: string) => string;
}

/** Puts back what is missing; an existing file stays, for it may have been changed on purpose. Returns the paths that were made. */
export async function putBack({ copy, account, at = (path) => path }: PutBack): Promise<string[]> {
  const made: string[] = [];
  for (const file of (await carriedFiles(copy)) ?? []) {
    const to = await followLinks(at(file.path));
    if (await isThere(to)) continue;
    await place(join(copy, FOLDER, file.path), to, file, account);
    made.push(to);
  }
  return made;
}

/** Paths that are not on this host. Undefined for a copy without a list. */
export type Missing = readonly string[] | undefined;

export async function missingFiles(copy: string, at: (path: string) => string): Promise<Missing> {
  const files = await carriedFiles(copy);
  if (files === undefined) return undefined;
  const found = await Promise.all(files.map(async ({ path }) => ((await isThere(at(path))) ? [] : [at(path)])));
  return found.flat();
}
