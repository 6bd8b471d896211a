/** The repository that a restore reads: as it is, or a copy of its state at a moment. */
import { chown, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Repository, Site } from '../config/site.ts';
import { lookUpAccount, makePassableFolder } from '../core/account.ts';
import type { Progress } from '../core/progress.ts';
import { copyAsOf } from '../storage/as-of.ts';
import { openPosixStore } from '../storage/posix/store.ts';

/** pgBackRest runs as the unprivileged account and must be able to read what was copied. */
async function handOver(site: Site, folder: string): Promise<void> {
  const account = await lookUpAccount(site.environment.runAs);
  if (!account) return;
  await chown(folder, account.uid, account.gid);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    await chown(join(entry.parentPath, entry.name), account.uid, account.gid);
  }
}

function stamp(time: Date): string {
  return time.toISOString().replaceAll(/[-:.]/g, '');
}

/**
 * A copy of the repository as it was at `asOf`, without what was written or deleted since. The copy keeps its encryption and opens with the
 * repository's own passphrases. Resumable.
 */
export async function sourceAsOf(
  site: Site,
  repository: Repository,
  asOf: Date,
  { progress, signal }: { readonly progress: Progress; readonly signal?: AbortSignal | undefined },
): Promise<Repository> {
  const store = await repository.store('restorer');
  const folder = join(site.environment.stateDir, 'as-of', `${repository.id}-${stamp(asOf)}`);
  const event = { step: `restore/as-of/${repository.id}`, title: `read ${repository.id} as of ${asOf.toISOString()}` };
  progress({ ...event, state: 'start' });
  // On a new site this makes the state folder too: pgBackRest's account passes through, the copy itself is closed to others.
  await makePassableFolder(dirname(folder));
  await copyAsOf(store, {
    prefix: `${site.environment.name}/`,
    asOf,
    folder,
    onProgress: (p) => progress({ ...event, state: 'progress', fraction: p.ofBytes === 0 ? 1 : p.bytes / p.ofBytes }),
    ...(signal ? { signal } : {}),
  });
  await handOver(site, folder);
  progress({ ...event, state: 'done' });
  const owner = await lookUpAccount(site.environment.runAs);
  const aside = openPosixStore(folder, owner);
  return {
    id: repository.id,
    settings: { type: 'posix', path: folder, passphrases: repository.settings.passphrases },
    layout: repository.layout,
    exported: repository.exported,
    store: async () => aside,
  };
}
