/** The files of this program, with the lock file, so that `npm ci` brings the same libraries. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ifAbsent } from '../core/absent.ts';
import { DrError } from '../core/errors.ts';
import type { Run } from '../core/process.ts';
import { BUNDLE_FOLDERS, type BundleFile } from './bundle.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Not part of the program, or restored by `npm ci`. */
const SKIPPED = ['node_modules', '.git', 'coverage', 'drill-report', 'rebuild-report'];

async function walk(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const below = entries.map((entry) => {
    if (SKIPPED.includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : entry.isFile() ? [relative(ROOT, path)] : [];
  });
  return (await Promise.all(below)).flat();
}

/** In a checkout the tracked files, as they are on the disk; elsewhere every installed file. */
async function listFiles(run: Run): Promise<string[]> {
  // git refuses a checkout of another account.
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
    // A tracked file that was removed since the last commit.
    const found = await stat(path).catch(ifAbsent(undefined));
    if (!found?.isFile()) continue;
    const executable = (found.mode & 0o100) !== 0;
    files.push({ path: `${BUNDLE_FOLDERS.program}/${name}`, what: 'program', body: await readFile(path), executable });
  }
  if (names.includes('package-lock.json')) return files;
  throw new DrError({
    code: 'ESCROW-INCOMPLETE',
    where: ROOT,
    fact: 'package-lock.json is missing: years from now nobody could install the same libraries',
    hint: 'run it from a checkout of the project',
  });
}
