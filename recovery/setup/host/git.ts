/** Git repositories in a few places, and what each is a clone of. Their configuration is read as a file: git would refuse those of others. */
import { basename, join } from 'node:path';
import { isThere, namesIn } from '../../core/absent.ts';
import { hasCode } from '../../core/errors.ts';
import type { Run } from '../../core/process.ts';
import { inTime, LIMIT_SECONDS } from '../found.ts';
import type { Place } from './folders.ts';

export interface FoundRepository {
  readonly path: string;
  readonly by: string;
  readonly remotes: readonly { readonly name: string; readonly url: string }[];
}

/** Below a place: `/srv/shop/git/catalog.git` lies two levels deep. */
const DEPTH = 2;

async function configOf(folder: string): Promise<string | undefined> {
  for (const inside of [join(folder, '.git'), folder]) {
    const parts = await Promise.all(['HEAD', 'objects', 'config'].map((name) => isThere(join(inside, name))));
    if (parts.every(Boolean)) return join(inside, 'config');
  }
  return undefined;
}

async function namesOrNone(folder: string): Promise<string[]> {
  return namesIn(folder).catch((error: unknown) => {
    // Others' private folders, and files.
    if (hasCode(error, 'EACCES', 'EPERM')) return [];
    throw error;
  });
}

async function foldersWithGit(folder: string, depth: number): Promise<{ path: string; config: string }[]> {
  const config = await configOf(folder);
  if (config !== undefined) return [{ path: folder, config }];
  if (depth === 0) return [];
  const below = await Promise.all(
    (await namesOrNone(folder)).map((name) => foldersWithGit(join(folder, name), depth - 1)),
  );
  return below.flat();
}

async function remotesOf(run: Run, config: string): Promise<FoundRepository['remotes']> {
  const argv = ['git', 'config', '--file', config, '--get-regexp', '^remote\\..*\\.url$'] as const;
  const { stdout } = await run(argv, { accept: [0, 1], cwd: '/', timeoutSeconds: LIMIT_SECONDS });
  return stdout.split('\n').flatMap((line) => {
    const [, name, url] = /^remote\.(.+)\.url (.+)$/.exec(line) ?? [];
    return name === undefined || url === undefined ? [] : [{ name, url }];
  });
}

/** Throws what git or the file system says. */
export async function findRepositories(run: Run, { path: place, by }: Place): Promise<FoundRepository[]> {
  const found = await inTime(foldersWithGit(place, DEPTH), place);
  return Promise.all(found.map(async ({ path, config }) => ({ path, by, remotes: await remotesOf(run, config) })));
}

/** A name for `git.repositories`, and for its mirror. */
export function repositoryName(path: string): string {
  return basename(path)
    .replace(/\.git$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}
