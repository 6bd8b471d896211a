/** What a refused restore must leave as it was: the data of the target, and no journal. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '../../drill/platform/platform.ts';
import { folderFingerprint } from '../../recovery/workloads/files/fingerprint.ts';

/** Equal before and after if nothing of the site was changed. The site must be stopped, or nobody may write to it. */
export async function stateOf({ paths }: Platform): Promise<Record<string, unknown>> {
  const there = async (path: string): Promise<unknown> =>
    folderFingerprint(path).then(
      ({ entries, digest }) => ({ files: entries.length, digest }),
      (error: NodeJS.ErrnoException) => error.code,
    );
  return {
    postgres: await there(paths.postgresData),
    redis: await there(paths.redisData),
    uploads: await there(paths.folder('uploads')),
    git: await there(paths.git),
    beside: (await readdir(paths.root)).filter((name) => name.includes('.dr-')),
    journal: await readdir(join(paths.state, 'journal')).catch(() => []),
  };
}
