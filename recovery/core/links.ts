/** Symbolic links: where a path really is, whether or not its end exists, and what a folder's links lead to. */
import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { ifAbsent } from './absent.ts';
import { badInput, hasCode } from './errors.ts';

/** As many as Linux follows. */
const MOST_LINKS = 40;

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    // EINVAL: it exists and is not a link.
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) return undefined;
    throw error;
  }
}

/**
 * The path without any link in it. Unlike `realpath` it follows a link whose target is missing: that is where the data has to come back.
 * Throws `LINK-LOOP` (exit 2).
 */
export async function followLinks(path: string, followed = 0): Promise<string> {
  if (followed > MOST_LINKS) {
    throw badInput({
      code: 'LINK-LOOP',
      where: path,
      fact: 'its symbolic links lead round in a circle',
      hint: 'name the folder that holds the data, or repair the link',
    });
  }
  try {
    return await realpath(path);
  } catch (error) {
    if (hasCode(error, 'ELOOP')) return followLinks(path, MOST_LINKS + 1);
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
  const parent = dirname(path);
  if (parent === path) return path;
  const folder = await followLinks(parent, followed + 1);
  const here = join(folder, path.slice(parent === '/' ? 1 : parent.length + 1));
  const target = await linkTarget(here);
  return target === undefined ? here : followLinks(resolve(folder, target), followed + 1);
}

/** True for the folder itself too. Both without links. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

const SLASH = Buffer.from('/');

/** A name need not be UTF-8: as text it would name another file, or none. */
export interface Entry {
  readonly path: Buffer;
  /** Relative to the folder that was read, with `/` between the parts. */
  readonly relative: Buffer;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

/** Everything below a folder, parents first; links are not followed. What vanishes meanwhile is not an error. Throws ENOENT without the folder. */
export async function* entriesBelow(folder: string | Buffer, inside = Buffer.alloc(0)): AsyncGenerator<Entry> {
  const root = Buffer.from(folder);
  const here = inside.length === 0 ? root : Buffer.concat([root, SLASH, inside]);
  const found = await readdir(here, { withFileTypes: true, encoding: 'buffer' }).catch((error: unknown) => {
    if (inside.length > 0 && hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  });
  for (const entry of found) {
    const relative = inside.length === 0 ? entry.name : Buffer.concat([inside, SLASH, entry.name]);
    const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'other';
    yield { path: Buffer.concat([root, SLASH, relative]), relative, kind };
    if (kind === 'folder') yield* entriesBelow(root, relative);
  }
}

export interface LinkOut {
  /** Relative to the folder. */
  readonly link: string;
  /** Where it leads, without links; it need not exist. */
  readonly target: string;
  readonly isFolder: boolean;
}

/** EINVAL: it is no link any more. */
function ifGone(error: unknown): undefined {
  if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) throw error;
}

function ifLoop(error: unknown, from: string): string {
  if (hasCode(error, 'ELOOP', 'ENOENT', 'ENOTDIR')) return from;
  throw error;
}

export interface FolderSurvey {
  readonly files: number;
  readonly out: readonly LinkOut[];
  /** Bytes of the longest path, relative to the folder. */
  readonly longest: number;
}

/**
 * How many files a folder holds itself, and which links below it lead out of it. A copy holds such a link and not what it leads to.
 * @param folder Without links.
 */
export async function surveyLinks(folder: string): Promise<FolderSurvey> {
  const out: LinkOut[] = [];
  let [files, longest] = [0, 0];
  for await (const { path, relative, kind } of entriesBelow(folder)) {
    longest = Math.max(longest, relative.length);
    if (kind === 'file') files += 1;
    if (kind !== 'link') continue;
    const link = relative.toString();
    const target = await readlink(path).catch(ifGone);
    // It vanished.
    if (target === undefined) continue;
    const from = isAbsolute(target) ? target : join(dirname(join(folder, link)), target);
    // A link without an end leads nowhere else.
    const real = await followLinks(from).catch((error: unknown) => ifLoop(error, from));
    if (isWithin(folder, real)) continue;
    const there = await lstat(real).catch(ifAbsent(undefined));
    out.push({ link, target: real, isFolder: there?.isDirectory() ?? false });
  }
  return { files, out, longest };
}
