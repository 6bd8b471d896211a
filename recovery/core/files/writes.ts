/**
 * Node's own calls, with the path in an error of the write itself: Node says `ENOSPC: no space left on device, write` and not where, and the
 * first line of an error must name the folder that is full.
 */
import fs from 'node:fs/promises';
import { codeOf } from '../errors.ts';

/** For `.catch`: throws the same error, with the path of the file where Node left it out. */
export function namingPath(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof Error && codeOf(error) !== undefined && !('path' in error)) Object.assign(error, { path });
    throw error;
  };
}

/** `fs.writeFile`. */
export const writeFile = (path: string, ...rest: Rest<typeof fs.writeFile>): Promise<void> =>
  fs.writeFile(path, ...rest).catch(namingPath(path));

/** `fs.appendFile`. */
export const appendFile = (path: string, ...rest: Rest<typeof fs.appendFile>): Promise<void> =>
  fs.appendFile(path, ...rest).catch(namingPath(path));

type Rest<F extends (path: never, ...rest: never) => unknown> = Parameters<F> extends [unknown, ...infer R] ? R : never;
