/** Restores the mirrors, and makes a repository again whose url is a lost folder of this host. */
import { chown, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isThere } from '../../core/absent.ts';
import { makePassableFolder } from '../../core/account.ts';
import { verificationFailed } from '../../core/errors.ts';
import type { Run } from '../../core/process.ts';
import { plural } from '../../report/format.ts';
import { folderState } from '../lay-down.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type RestoreContext, step } from '../restore-step.ts';
import { restoreFolder } from '../swap.ts';
import { restoreLfs } from './lfs.ts';
import { GIT_ENV, readRefs } from './refs.ts';
import { localFolder } from './source.ts';

/** git itself says so: a `.git` may be a file that names a folder which is lost (a worktree, a submodule). */
async function isRepository(run: Run, folder: string): Promise<boolean> {
  if (!(await isThere(folder))) return false;
  // A repository further up is another one.
  const env = { ...GIT_ENV, GIT_CEILING_DIRECTORIES: dirname(folder) };
  const argv = ['git', '-C', folder, 'rev-parse', '--git-dir'] as const;
  return (await run(argv, { env, accept: 'any' })).exitCode === 0;
}

/** What is there and is no repository may still be somebody's work: it is put aside, never deleted. */
async function makeWay(folder: string, id: string): Promise<string> {
  if ((await folderState(folder)) === 'absent') return '';
  const before = `${folder}.before-${id}`;
  await rename(folder, before);
  return `; what was there before is in ${before}`;
}

/** The copy that is verified is the mirror: what is made of it must hold as much. Throws `GIT-REFS-LOST` (exit 5). */
async function refuseLostRefs(run: Run, mirror: string, made: string): Promise<void> {
  const there = new Set((await readRefs(run, made)).split('\n'));
  const lost = (await readRefs(run, mirror)).split('\n').filter((ref) => !there.has(ref));
  if (lost.length === 0) return;
  throw verificationFailed({
    code: 'GIT-REFS-LOST',
    where: made,
    fact: `it lacks ${plural(lost.length, 'ref')} of the mirror: ${lost.slice(0, 5).join(', ')}`,
    hint: `see what git says: git -C ${made} fetch ${mirror} '+refs/*:refs/*'; the mirror holds them`,
  });
}

/** `git clone` into place for a lost local repository; a remote one is left to a person (`git push --mirror`). */
async function putBack(context: RestoreContext, mirror: string, url: string): Promise<string> {
  const folder = localFolder(url);
  if (folder === undefined) return `mirror in ${mirror}; to put it back: git -C ${mirror} push --mirror ${url}`;
  const { run } = context.site;
  if (await isRepository(run, folder)) return `${folder} exists`;
  await makePassableFolder(dirname(folder));
  const aside = `${folder}.dr-${context.plan.id}`;
  await rm(aside, { recursive: true, force: true });
  const kind = folder.endsWith('.git') ? ['--mirror'] : [];
  // LFS would ask the mirror as a server of its own for the objects: they are brought below.
  const env = { ...GIT_ENV, GIT_LFS_SKIP_SMUDGE: '1' };
  await run(['git', 'clone', '--quiet', '--no-hardlinks', ...kind, mirror, aside], { env });
  // A plain clone makes one branch and the tags. Notes, the stash and refs of other tools are refs as well.
  await run(['git', '-C', aside, 'fetch', '--quiet', '--update-head-ok', mirror, '+refs/*:refs/*'], { env: GIT_ENV });
  await refuseLostRefs(run, mirror, aside);
  await restoreLfs(run, mirror, aside);
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
