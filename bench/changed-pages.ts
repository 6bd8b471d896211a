/** Damages one page of a hundred in the data directory of a stopped server. */
import { randomBytes } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const PAGE = 8192;

interface RelationFile {
  readonly path: string;
  readonly pages: number;
}

/** Tables and indexes of all databases, the largest first. */
async function relationFiles(dataDir: string): Promise<RelationFile[]> {
  const entries = await readdir(join(dataDir, 'base'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /^\d+(\.\d+)?$/.test(entry.name));
  const sized = await Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path, pages: Math.floor((await stat(path)).size / PAGE) };
    }),
  );
  return sized.filter(({ pages }) => pages > 0).sort((a, b) => b.pages - a.pages);
}

async function change({ path }: RelationFile, pages: readonly number[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    // Not the first bytes: they hold the page's LSN, and the page would look like a torn write.
    for (const page of pages) await file.write(randomBytes(64), 0, 64, page * PAGE + PAGE - 512);
  } finally {
    await file.close();
  }
}

export interface Changed {
  readonly pages: number;
  readonly ofPages: number;
  readonly files: number;
  readonly ofFiles: number;
}

/** `together`: neighbours in the largest files, as after a statement over recent rows. `scattered`: every hundredth page of every file. */
export async function changeOnePercent(dataDir: string, how: 'together' | 'scattered'): Promise<Changed> {
  const files = await relationFiles(dataDir);
  const ofPages = files.reduce((sum, { pages }) => sum + pages, 0);
  let left = Math.ceil(ofPages / 100);
  const wanted = left;
  let touched = 0;
  for (const file of files) {
    if (left <= 0) break;
    const count = how === 'together' ? Math.min(left, file.pages) : Math.min(left, Math.ceil(file.pages / 100));
    const apart = how === 'together' ? 1 : Math.floor(file.pages / count);
    await change(
      file,
      Array.from({ length: count }, (_, i) => i * apart),
    );
    left -= count;
    touched += 1;
  }
  return { pages: wanted - left, ofPages, files: touched, ofFiles: files.length };
}
