/** How much a data directory takes. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../core/errors.ts';

/** Bytes of the files below a folder; 0 where there is none. Files that vanish meanwhile don't count. */
export async function bytesBelow(folder: string): Promise<number> {
  const gone = (error: unknown): undefined => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  };
  const entries = (await readdir(folder, { withFileTypes: true, recursive: true }).catch(gone)) ?? [];
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(async (entry) => (await lstat(join(entry.parentPath, entry.name)).catch(gone))?.size ?? 0);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
