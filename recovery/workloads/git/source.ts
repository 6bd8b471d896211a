/** A repository of this host as the source of a mirror: how it is reached, and what of it no mirror holds. */
import { fileURLToPath } from 'node:url';
import { namesIn } from '../../core/absent.ts';
import { DrError } from '../../core/errors.ts';
import type { Run } from '../../core/process.ts';
import { GIT_ENV } from './refs.ts';

/** The folder that a url means, or undefined for a remote one. */
export function localFolder(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  return url.startsWith('file://') ? fileURLToPath(url) : undefined;
}

/**
 * git starts a second program that reads the source, and hands none of our settings to it: without its own leave it refuses a repository
 * of another user.
 */
export const UPLOAD_PACK = "git -c 'safe.directory=*' upload-pack";

async function linesOf(run: Run, folder: string, args: readonly string[]): Promise<string[]> {
  // Without the option a question may write the index anew.
  const { stdout } = await run(['git', '--no-optional-locks', '-C', folder, ...args], { env: GIT_ENV });
  return stdout.split('\n').filter((line) => line !== '');
}

async function uncommitted(run: Run, source: string): Promise<string[]> {
  const trees = (await linesOf(run, source, ['worktree', 'list', '--porcelain'])).join('\n').split(/^worktree /m);
  const folders = trees
    .filter((tree) => tree !== '' && !/^(bare|prunable.*)$/m.test(tree))
    .map((tree) => tree.split('\n')[0] ?? '');
  const found: string[] = [];
  for (const folder of folders) {
    const changes = await linesOf(run, folder, ['status', '--porcelain']);
    if (changes.length > 0) found.push(`${changes.length} changes in ${folder} that are not committed`);
  }
  return found;
}

async function hooks(run: Run, source: string): Promise<string[]> {
  const [folder = ''] = await linesOf(run, source, ['rev-parse', '--path-format=absolute', '--git-path', 'hooks']);
  const names = await namesIn(folder);
  const own = names.filter((name) => !name.endsWith('.sample')).sort();
  return own.length === 0 ? [] : [`hooks in ${folder}: ${own.join(', ')}`];
}

/** A mirror holds the refs and what they reach: the newest stash, and no commit of a detached HEAD. */
async function beyondRefs(run: Run, source: string, mirror: string): Promise<string[]> {
  const hasStash = (await linesOf(run, source, ['for-each-ref', 'refs/stash'])).length > 0;
  // `git stash list` refuses a bare repository, and most servers' repositories are bare.
  const stashes = hasStash ? await linesOf(run, source, ['reflog', 'show', '--format=%gd', 'refs/stash']) : [];
  const older = stashes.length > 1 ? [`${stashes.length - 1} older stashes in ${source}`] : [];
  const head = await run(['git', '-C', source, 'rev-parse', '--verify', '--quiet', 'HEAD'], {
    env: GIT_ENV,
    accept: 'any',
  });
  const commit = head.stdout.trim();
  if (head.exitCode !== 0 || commit === '') return older;
  const { exitCode } = await run(['git', '-C', mirror, 'cat-file', '-e', commit], { env: GIT_ENV, accept: 'any' });
  return exitCode === 0 ? older : [...older, `commit ${commit.slice(0, 12)} in ${source}: no branch or tag holds it`];
}

/** One line for each thing of the repository that its mirror lacks. */
export async function besideMirror(run: Run, source: string, mirror: string): Promise<string[]> {
  const ask = async (question: Promise<string[]>): Promise<string[]> => {
    try {
      return await question;
    } catch (error) {
      if (!(error instanceof DrError) || error.code !== 'ENGINE-FAILED') throw error;
      return [`${source} can't be asked for what is not committed: ${error.fact.split('\n')[0]}`];
    }
  };
  const answers = await Promise.all([
    ask(uncommitted(run, source)),
    ask(hooks(run, source)),
    ask(beyondRefs(run, source, mirror)),
  ]);
  return [...new Set(answers.flat())];
}

interface Submodule {
  readonly path: string;
  readonly commit: string;
}

/** Branches and tags that are looked through: the newest. */
const REFS_READ = 50;

/** Submodules of the newest branches and tags: their commits are in other repositories. */
async function submodulesOf(run: Run, mirror: string): Promise<Submodule[]> {
  const args = ['for-each-ref', '--sort=-creatordate', `--count=${REFS_READ}`, '--format=%(objectname)', 'refs'];
  const heads = [...new Set(await linesOf(run, mirror, args))];
  const check = await run(['git', '-C', mirror, 'cat-file', '--batch-check'], {
    env: GIT_ENV,
    stdin: heads.map((head) => `${head}:.gitmodules\n`).join(''),
  });
  const lines = check.stdout.split('\n');
  const found = new Map<string, Submodule>();
  for (const head of heads.filter((_, n) => / blob /.test(lines[n] ?? ''))) {
    for (const line of await linesOf(run, mirror, ['ls-tree', '-r', head])) {
      const [, commit, path] = /^160000 commit ([0-9a-f]+)\t(.*)$/.exec(line) ?? [];
      if (commit !== undefined && path !== undefined) found.set(`${path} ${commit}`, { path, commit });
    }
  }
  return [...found.values()];
}

/** Submodules whose commits no mirror holds, one line for each path. */
export async function submodulesElsewhere(run: Run, mirror: string, mirrors: readonly string[]): Promise<string[]> {
  const paths = new Map<string, string>();
  for (const { path, commit } of await submodulesOf(run, mirror)) {
    const held = await Promise.all(
      mirrors.map(async (other) => {
        const argv = ['git', '-C', other, 'cat-file', '-e', `${commit}^{commit}`] as const;
        return (await run(argv, { env: GIT_ENV, accept: 'any' })).exitCode === 0;
      }),
    );
    if (!held.includes(true)) paths.set(path, commit);
  }
  return [...paths].map(
    ([path, commit]) => `submodule ${path} (commit ${commit.slice(0, 12)}): add its repository to git.repositories`,
  );
}
