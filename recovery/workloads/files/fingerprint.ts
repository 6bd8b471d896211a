/** What a folder holds: every entry below it with size, mode and digest. */
import { createHash } from 'node:crypto';
import { lstat, readlink } from 'node:fs/promises';
import pMap from 'p-map';
import { fileDigest } from '../../core/file-digest.ts';
import { type Entry, entriesBelow } from '../../core/links.ts';
import { compareItems, type Difference } from '../difference.ts';

export interface FolderEntry {
  /** Relative, with `/` between the parts. */
  readonly path: string;
  readonly kind: 'file' | 'link';
  /** Bytes. */
  readonly size: number;
  /** Permission bits: 0o644. */
  readonly mode: number;
  /** sha256 of the content, or of a link's target. */
  readonly digest: string;
}

export interface FolderFingerprint {
  /** Sorted by path. */
  readonly entries: readonly FolderEntry[];
  readonly bytes: number;
  /** Of all entries. */
  readonly digest: string;
}

/** Throws ENOENT when there is no such folder. Empty folders, sockets and devices are not listed. */
export async function folderFingerprint(root: string): Promise<FolderFingerprint> {
  const wanted: Entry[] = [];
  for await (const entry of entriesBelow(root)) if (entry.kind === 'file' || entry.kind === 'link') wanted.push(entry);
  const unsorted = await pMap(
    wanted,
    async ({ path, relative, kind }): Promise<FolderEntry> => {
      const stat = await lstat(path);
      const link = kind === 'link';
      const digest = link
        ? createHash('sha256')
            .update(await readlink(path))
            .digest('hex')
        : await fileDigest(path);
      return {
        path: relative.toString().includes('\uFFFD') ? relative.toString('latin1') : relative.toString(),
        kind: link ? 'link' : 'file',
        size: stat.size,
        mode: stat.mode & 0o7777,
        digest,
      };
    },
    { concurrency: 8 },
  );
  const entries = unsorted.sort((a, b) => (a.path < b.path ? -1 : 1));
  const bytes = entries.reduce((sum, entry) => sum + entry.size, 0);
  return { entries, bytes, digest: createHash('sha256').update(JSON.stringify(entries)).digest('hex') };
}

export function compareFolders(expected: FolderFingerprint, actual: FolderFingerprint): Difference[] {
  const content = (f: FolderFingerprint) => new Map(f.entries.map((e) => [e.path, `${e.kind} ${e.mode} ${e.digest}`]));
  const entry = (f: FolderFingerprint, path: string) => f.entries.find((e) => e.path === path);
  const show = (e: FolderEntry | undefined) => (e ? `${e.size} bytes, mode ${e.mode.toString(8)}` : 'not there');
  return compareItems(content(expected), content(actual), (path) => {
    return `${show(entry(expected, path))}, now ${show(entry(actual, path))}`;
  });
}
