/** Bare mirrors of the git repositories, updated in place: each run fetches only what is new. */

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { badInput } from '../../core/errors.ts';
import type { ResticCapture } from '../../points/point.ts';
import { countOf, digestOfRefs, GIT_ENV, mainOf, readRefs } from './refs.ts';

export function mirrorsFolder(site: Site): string {
  return join(site.environment.stateDir, 'mirrors');
}

async function mirror(site: Site, name: string, url: string, signal?: AbortSignal): Promise<string> {
  const folder = join(mirrorsFolder(site), `${name}.git`);
  const options = { env: GIT_ENV, signal };
  if (await isThere(join(folder, 'HEAD'))) {
    await site.run(['git', '-C', folder, 'remote', 'set-url', 'origin', url], options);
    await site.run(['git', '-C', folder, 'remote', 'update', '--prune'], options);
  } else {
    await rm(folder, { recursive: true, force: true });
    await site.run(['git', 'clone', '--mirror', '--quiet', url, folder], options);
  }
  await site.run(['git', '-C', folder, 'fsck', '--connectivity-only', '--no-progress'], options);
  return readRefs(site.run, folder, signal);
}

/** Facts: `<name>` → digest-sized text of its refs' count and head. Throws `GIT-UNCONFIGURED` (exit 2). */
export async function mirrorRepositories(
  site: Site,
  signal?: AbortSignal,
): Promise<{ path: string; facts: ResticCapture['facts'] }> {
  const { git } = site.environment;
  if (!git)
    throw badInput({
      code: 'GIT-UNCONFIGURED',
      where: 'git',
      fact: 'is not in the environment file',
      hint: 'add git.repositories',
    });
  const folder = mirrorsFolder(site);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const facts: Record<string, string | number> = { repositories: git.repositories.length };
  for (const { name, url } of git.repositories) {
    const refs = await mirror(site, name, url, signal);
    facts[`refs/${name}`] = countOf(refs);
    facts[`main/${name}`] = mainOf(refs) ?? '';
    facts[`digest/${name}`] = digestOfRefs(refs);
  }
  return { path: folder, facts };
}
