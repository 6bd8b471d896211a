/**
 * "It is not there" is one answer of many: a folder that may not be read, a disk that fails or a link without an end say something else,
 * and nobody may take them for an empty folder.
 */
import { statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { hasCode } from './errors.ts';

/** The codes of a path that does not exist. */
const ABSENT = ['ENOENT', 'ENOTDIR'];

/** The codes of an address at which nobody listens: anything else may be a server that is slow, full or hidden. */
export const NOBODY_LISTENS = ['ENOENT', 'ECONNREFUSED'] as const;

/** For `.catch`: `value` for a path that does not exist. Throws every other error. */
export function ifAbsent<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, ...ABSENT)) return value;
    throw error;
  };
}

/** Names in a folder; none where it does not exist. Throws what the file system throws otherwise. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(ifAbsent<string[]>([]));
}

/** Links are followed. Throws what the file system throws where that can't be known. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(() => true, ifAbsent(false));
}

/** The same at once, for the few places that can't wait. */
export function isThereSync(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * For `.catch` of work that may fail without a loss. The reason stands where the error is ignored; `tests/unclear-answers.ts` counts these.
 */
export function ignoring(_reason: string): () => undefined {
  return () => undefined;
}
