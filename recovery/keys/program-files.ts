/** The files of this program as it runs here: with it the lock file, so that the very same libraries come with `npm ci`. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { DrError } from '../core/errors.ts';
import type { Run } from '../core/process.ts';
import { BUNDLE_FOLDERS, type BundleFile } from './bundle.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What `npm ci` brings, and what is no part of the program. */
const LEFT_OUT = ['node_modules', '.git', 'coverage', 'drill-report'];

async function walk(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const below = entries.map((entry) => {
    if (LEFT_OUT.includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : entry.isFile() ? [relative(ROOT, path)] : [];
  });
  return (await Promise.all(below)).flat();
}

/** Of a checkout what is under version control, as it lies there; else everything that was installed. */
async function listFiles(run: Run): Promise<string[]> {
  // The checkout may be another account's, which git would refuse.
  const git = ['git', '-c', `safe.directory=${ROOT}`, '-C', ROOT, 'ls-files', '-z', '--cached'] as const;
  const listed = await run([...git], { accept: [0, 128] }).catch((error: unknown) => {
    if (error instanceof DrError && error.code === 'ENGINE-MISSING') return undefined;
    throw error;
  });
  const tracked = listed?.exitCode === 0 ? listed.stdout.split('\0').filter((name) => name !== '') : [];
  return tracked.includes('package.json') ? tracked : walk(ROOT);
}

/** Throws `ESCROW-INCOMPLETE` without a lock file. */
export async function programFiles(run: Run): Promise<BundleFile[]> {
  const names = (await listFiles(run)).sort();
  const files: BundleFile[] = [];
  for (const name of names) {
    const path = join(ROOT, name);
    // Removed since the last commit.
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) continue;
    const executable = (found.mode & 0o100) !== 0;
    files.push({ path: `${BUNDLE_FOLDERS.program}/${name}`, what: 'program', body: await readFile(path), executable });
  }
  if (names.includes('package-lock.json')) return files;
  throw new DrError({
    code: 'ESCROW-INCOMPLETE',
    where: ROOT,
    fact: 'there is no package-lock.json: years from now nobody could get the same libraries',
    hint: 'run it from a checkout of the project',
  });
}
