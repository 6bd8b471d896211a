/** The sha256 of every file below a path, taken before the copy, and which files changed meanwhile. */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { ifAbsent } from '../core/absent.ts';
import { hasCode } from '../core/errors.ts';
import { fileDigest } from '../core/file-digest.ts';

export interface FileDigest {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Milliseconds; with the size it says whether the file has changed since. */
  readonly modified: number;
}

const AT_ONCE = 4;

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(ifAbsent<Dirent[]>([]));
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Links are not followed. A file that goes away while this runs is left out. */
export async function digestsBelow(path: string, signal?: AbortSignal): Promise<FileDigest[]> {
  const found = await lstat(path);
  const files = found.isDirectory() ? await filesBelow(path) : [path];
  const digests = await pMap(
    files.toSorted(),
    async (file): Promise<FileDigest | undefined> => {
      signal?.throwIfAborted();
      try {
        const { size, mtimeMs } = await lstat(file);
        return { path: file, sha256: await fileDigest(file), bytes: size, modified: mtimeMs };
      } catch (error) {
        if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
        throw error;
      }
    },
    { concurrency: AT_ONCE },
  );
  return digests.filter((each) => each !== undefined);
}

/** Paths whose size or time is another one by now, or that are gone. */
export async function changedSince(digests: readonly FileDigest[]): Promise<string[]> {
  const changed: string[] = [];
  for (const { path, bytes, modified } of digests) {
    const found = await lstat(path).catch(ifAbsent(undefined));
    if (found === undefined || found.size !== bytes || found.mtimeMs !== modified) changed.push(path);
  }
  return changed;
}

/** As `sha256sum -c` reads it; a name with a backslash or a line break is escaped as `sha256sum` does. */
export function sumLine({ sha256, path }: Pick<FileDigest, 'sha256' | 'path'>): string {
  const escaped = path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${escaped === path ? '' : '\\'}${sha256}  ${escaped}`;
}

/** The inverse of `sumLine`; undefined for a line that is none. */
export function parseSum(line: string): { readonly path: string; readonly sha256: string } | undefined {
  const [, escaped, sha256 = '', path = ''] = /^(\\?)([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
  if (sha256 === '') return undefined;
  const plain = escaped === '' ? path : path.replaceAll(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c === 'r' ? '\r' : c));
  return { path: plain, sha256 };
}
