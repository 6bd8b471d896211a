/** What a git repository needs besides its commits: LFS objects, borrowed objects, submodules. It is copied, or named. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withSmallSite } from './small-site.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup', '--confirm', 'drill'];
const BACKUP = ['backup', '--kind', 'full'];
const ENV = {
  ...process.env,
  ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' },
};

function git(folder: string, ...args: readonly string[]): string {
  const argv = ['-c', 'safe.directory=*', '-c', 'protocol.file.allow=always', '-C', folder, ...args];
  return execFileSync('git', argv, { env: ENV, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function commitAll(folder: string, message: string): string {
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', message);
  return git(folder, 'rev-parse', 'HEAD');
}

function makeRepository(folder: string, branch = 'main'): void {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '-q', '-b', branch);
  writeFileSync(join(folder, 'README'), `${folder}\n`);
  commitAll(folder, 'first');
}

/** As `git lfs` does it: a pointer in the commit, the content below `.git/lfs`. */
function addLfs(folder: string, name: string, content: string): string {
  const oid = createHash('sha256').update(content).digest('hex');
  writeFileSync(join(folder, '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
  writeFileSync(join(folder, name), pointer);
  commitAll(folder, `add ${name}`);
  writeFileSync(join(folder, name), content);
  const object = join(folder, '.git/lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid);
  mkdirSync(join(object, '..'), { recursive: true });
  writeFileSync(object, content);
  return object;
}

const repositories = (folder: string, names: readonly string[]) => ({
  git: { repositories: names.map((name) => ({ name, url: join(folder, 'code', name) })) },
});

test('objects of LFS come back as files; without them nothing is called a copy', async () => {
  await withSmallSite(
    { workloads: ['git'], edit: (e, { paths }) => ({ ...e, ...repositories(paths.root, ['app']) }) },
    async (site) => {
      const app = join(site.paths.root, 'code', 'app');
      makeRepository(app, 'trunk');
      const object = addLfs(app, 'logo.bin', 'a picture '.repeat(200));
      await site.dr(0, ...BACKUP);
      await site.dr(0, 'verify', '--deep');
      rmSync(app, { recursive: true });
      rmSync(join(site.paths.state, 'mirrors'), { recursive: true });
      await site.dr(0, ...RESTORE);
      expect(readFileSync(join(app, 'logo.bin'), 'utf8')).toBe('a picture '.repeat(200));
      expect(git(app, 'symbolic-ref', 'HEAD')).toBe('refs/heads/trunk');

      rmSync(object);
      rmSync(join(site.paths.state, 'mirrors'), { recursive: true });
      const said = await site.dr(1, ...BACKUP);
      expect(said).toMatch(/git repository app: 1 of 1 objects of git LFS are nowhere to be found/);
    },
  );
});

test('borrowed objects are taken; submodules, changes, hooks and stashes are named', async () => {
  await withSmallSite(
    { workloads: ['git'], edit: (e, { paths }) => ({ ...e, ...repositories(paths.root, ['fork']) }) },
    async (site) => {
      const at = (name: string): string => join(site.paths.root, 'code', name);
      makeRepository(at('origin'));
      makeRepository(at('library'));
      git(at('origin'), 'clone', '-q', '--shared', at('origin'), at('fork'));
      git(at('fork'), 'submodule', '--quiet', 'add', at('library'), 'lib');
      const head = commitAll(at('fork'), 'with a submodule');
      writeFileSync(join(at('fork'), 'draft'), 'not committed');
      writeFileSync(join(at('fork'), '.git/hooks/pre-commit'), '#!/bin/sh\n');
      chmodSync(join(at('fork'), '.git/hooks/pre-commit'), 0o755);
      const said = await site.dr(0, ...BACKUP);
      expect(said).toMatch(/not copied: git: fork: submodule lib \(commit \w{12}\): add its repository/);
      expect(said).toMatch(/not copied: git: fork: 1 changes in \S+fork that are not committed/);
      expect(said).toMatch(/not copied: git: fork: hooks in \S+: pre-commit/);

      rmSync(at('fork'), { recursive: true });
      rmSync(at('origin'), { recursive: true });
      await site.dr(0, 'verify', '--deep');
      await site.dr(0, ...RESTORE);
      expect(git(at('fork'), 'rev-parse', 'HEAD')).toBe(head);
      expect(existsSync(join(at('fork'), '.git/objects/info/alternates'))).toBe(false);
      git(at('fork'), 'fsck', '--connectivity-only');

      // A `.git` that names a lost folder is no repository.
      rmSync(join(at('fork'), '.git'), { recursive: true });
      writeFileSync(join(at('fork'), '.git'), 'gitdir: /nowhere/at/all\n');
      await site.dr(0, ...RESTORE);
      expect(git(at('fork'), 'rev-parse', 'HEAD')).toBe(head);
    },
  );
});

test('notes, the stash and refs of other tools come back into a repository that is made again', async () => {
  await withSmallSite(
    { workloads: ['git'], edit: (e, { paths }) => ({ ...e, ...repositories(paths.root, ['app']) }) },
    async (site) => {
      const app = join(site.paths.root, 'code', 'app');
      makeRepository(app);
      git(app, 'branch', 'other');
      git(app, 'notes', 'add', '-m', 'reviewed');
      git(app, 'update-ref', 'refs/changes/17/head', 'HEAD');
      writeFileSync(join(app, 'README'), 'half-done\n');
      git(app, 'stash');
      const refs = git(app, 'for-each-ref').split('\n');
      expect(refs).toHaveLength(5);
      await site.dr(0, ...BACKUP);
      rmSync(app, { recursive: true });
      await site.dr(0, ...RESTORE);
      expect(git(app, 'for-each-ref').split('\n')).toEqual(expect.arrayContaining(refs));
      expect(git(app, 'notes', 'show', 'HEAD')).toBe('reviewed');
      expect(git(app, 'show', 'refs/stash:README')).toBe('half-done');
    },
  );
});
