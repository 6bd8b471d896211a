/** Restores the mirrors, and makes a repository again whose url is a lost folder of this host. */
import { chown, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isThere } from '../../core/absent.ts';
import { makePassableFolder } from '../../core/account.ts';
import { folderState } from '../lay-down.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type RestoreContext, step } from '../restore-step.ts';
import { restoreFolder } from '../swap.ts';
import { GIT_ENV } from './refs.ts';

/** The folder that a url means, or undefined for a remote one. */
export function localFolder(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  return url.startsWith('file://') ? fileURLToPath(url) : undefined;
}

async function isRepository(folder: string): Promise<boolean> {
  return (await isThere(join(folder, 'HEAD'))) || (await isThere(join(folder, '.git')));
}

/** What is there and is no repository may still be somebody's work: it is put aside, never deleted. */
async function makeWay(folder: string, id: string): Promise<string> {
  if ((await folderState(folder)) === 'absent') return '';
  const before = `${folder}.before-${id}`;
  await rename(folder, before);
  return `; what was there before is in ${before}`;
}

/** `git clone` into place for a lost local repository; a remote one is left to a person (`git push --mirror`). */
async function putBack(context: RestoreContext, mirror: string, url: string): Promise<string> {
  const folder = localFolder(url);
  if (folder === undefined) return `mirror in ${mirror}; to put it back: git -C ${mirror} push --mirror ${url}`;
  if (await isRepository(folder)) return `${folder} exists`;
  await makePassableFolder(dirname(folder));
  const aside = `${folder}.dr-${context.plan.id}`;
  await rm(aside, { recursive: true, force: true });
  const { run } = context.site;
  const kind = folder.endsWith('.git') ? ['--mirror'] : [];
  await run(['git', 'clone', '--quiet', ...kind, mirror, aside], { env: GIT_ENV });
  // A plain clone makes one branch; the others would be remote branches.
  const refs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
  await run(['git', '-C', aside, 'fetch', '--quiet', '--update-head-ok', 'origin', ...refs], { env: GIT_ENV });
  const kept = await makeWay(folder, context.plan.id);
  await run(['mv', aside, folder]);
  const parent = await stat(dirname(folder));
  if (process.getuid?.() === 0) await chown(folder, parent.uid, parent.gid);
  return `${folder} was made again${kept}`;
}

export async function restoreGit(context: RestoreContext, item: SnapshotItem): Promise<void> {
  await restoreFolder(context, item);
  const what = 'make lost repositories again';
  await step(context, { item, id: `${item.workload}/repositories`, what }, async () => {
    const repositories = context.site.environment.git?.repositories ?? [];
    const said: string[] = [];
    for (const { name, url } of repositories)
      said.push(await putBack(context, join(item.destination, `${name}.git`), url));
    return said;
  });
}
