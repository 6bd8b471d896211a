/** The code of the platform: a small git repository with a branch, a tag and some history. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../recovery/core/process.ts';

/** Fixed names and dates make the commit ids the same in every drill. */
const AUTHOR = {
  GIT_AUTHOR_NAME: 'Barista',
  GIT_AUTHOR_EMAIL: 'barista@go-coffee.example',
  GIT_COMMITTER_NAME: 'Barista',
  GIT_COMMITTER_EMAIL: 'barista@go-coffee.example',
  // The machine's own configuration may sign commits or run hooks.
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
};

export async function makeGitRepository(run: Run, path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  const git = async (day: number, ...args: string[]): Promise<void> => {
    const date = `2026-01-0${day}T08:00:00Z`;
    await run(['git', ...args], { cwd: path, env: { ...AUTHOR, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date } });
  };
  await git(1, 'init', '-q', '-b', 'main');
  for (const [day, text] of [
    [1, 'Beans'],
    [2, 'Grinder'],
    [3, 'Espresso'],
  ] as const) {
    await writeFile(join(path, 'README.md'), `# Go Coffee\n\n${text}\n`);
    await git(day, 'add', 'README.md');
    await git(day, 'commit', '-q', '-m', text);
  }
  await git(3, 'tag', 'v1.8.0');
  await git(3, 'branch', 'latte');
}
