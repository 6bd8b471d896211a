/** Where a program is on this machine. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { namesIn } from '../core/absent.ts';
import { hasCode } from '../core/errors.ts';

/** Where the set-up puts what it builds itself. */
export function cacheBin(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'go-coffee-dr', 'bin');
}

export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch (error) {
    // A folder of PATH that this account may not enter holds no program for it.
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG')) return false;
    throw error;
  }
}

/** The first program of that name in PATH, then in `folders`. */
export async function findProgram(name: string, folders: readonly string[] = []): Promise<string | undefined> {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...path, ...folders]) {
    const candidate = join(folder, name);
    if (await isProgram(candidate)) return candidate;
  }
  return undefined;
}

/** True when every program of `names` is in `folder`. */
export async function hasPrograms(folder: string, names: readonly string[]): Promise<boolean> {
  return (await missingPrograms(folder, names)).length === 0;
}

export async function missingPrograms(folder: string, names: readonly string[]): Promise<string[]> {
  const there = await Promise.all(names.map((name) => isProgram(join(folder, name))));
  return names.filter((_, i) => !there[i]);
}

/** Folders below `parent` whose name holds a major version by `pattern`, newest first. None for an absent parent. */
export async function versionedFolders(parent: string, pattern: RegExp): Promise<string[]> {
  const names = await namesIn(parent);
  const found = names.flatMap((name) => {
    const major = pattern.exec(name)?.[1];
    return major === undefined ? [] : [{ major: Number(major), folder: join(parent, name) }];
  });
  return found.sort((a, b) => b.major - a.major).map(({ folder }) => folder);
}
