/** The refs of a repository: what a mirror must have to be the repository. */
import { createHash } from 'node:crypto';
import type { Run } from '../../core/process.ts';

/** Never waits for a password on a terminal; a repository of another user is fine to read (`safe.directory`). */
export const GIT_ENV = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
} as const;

/** A line for each ref: `<commit> refs/heads/main`. Throws `ENGINE-FAILED`. */
export async function readRefs(run: Run, folder: string, signal?: AbortSignal): Promise<string> {
  const { stdout } = await run(['git', '-C', folder, 'for-each-ref', '--format=%(objectname) %(refname)'], {
    env: GIT_ENV,
    signal,
  });
  return stdout.trim();
}

export function countOf(refs: string): number {
  return refs === '' ? 0 : refs.split('\n').length;
}

/** Commit of the main branch. */
export function mainOf(refs: string): string | undefined {
  return /^([0-9a-f]+) refs\/heads\/(?:main|master)$/m.exec(refs)?.[1];
}

/** sha256 over all refs, in order. */
export function digestOfRefs(refs: string): string {
  return createHash('sha256').update(refs).digest('hex');
}
