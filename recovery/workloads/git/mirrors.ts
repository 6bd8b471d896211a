/** Bare mirrors of the git repositories, updated in place: each run fetches only what is new. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/account.ts';
import { asDrError } from '../../core/as-dr-error.ts';
import { badInput, DrError, EXIT } from '../../core/errors.ts';
import type { ResticCapture } from '../../points/point.ts';
import { plural } from '../../report/format.ts';
import { localFolder } from './location.ts';
import { countOf, digestOfRefs, GIT_ENV, mainOf, readRefs } from './refs.ts';

export function mirrorsFolder(site: Site): string {
  return join(site.environment.stateDir, 'mirrors');
}

/** The upload-pack of a local clone ignores the environment's settings, and refuses a repository of another user. */
function uploadPack(url: string): string | undefined {
  return localFolder(url) === undefined ? undefined : "git -c safe.directory='*' upload-pack";
}

async function mirror(site: Site, name: string, url: string, signal?: AbortSignal): Promise<string> {
  const folder = join(mirrorsFolder(site), `${name}.git`);
  const options = { env: GIT_ENV, signal };
  const pack = uploadPack(url);
  if (await isThere(join(folder, 'HEAD'))) {
    await site.run(['git', '-C', folder, 'remote', 'set-url', 'origin', url], options);
    const set = pack === undefined ? [] : ['-c', `remote.origin.uploadpack=${pack}`];
    await site.run(['git', ...set, '-C', folder, 'remote', 'update', '--prune'], options);
  } else {
    await rm(folder, { recursive: true, force: true });
    const set = pack === undefined ? [] : ['--upload-pack', pack];
    await site.run(['git', 'clone', '--mirror', '--quiet', ...set, url, folder], options);
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
  const failed: DrError[] = [];
  for (const { name, url } of git.repositories) {
    const refs = await mirror(site, name, url, signal).catch((error: unknown) => {
      const known = asDrError(error, `git repository ${name}`);
      if (known.exit === EXIT.interrupted || known.code === 'ENGINE-MISSING') throw known;
      failed.push(known);
      site.log.warn({ repository: name, url, error: known.fact }, 'its mirror was not updated');
      return '';
    });
    facts[`refs/${name}`] = countOf(refs);
    facts[`main/${name}`] = mainOf(refs) ?? '';
    facts[`digest/${name}`] = digestOfRefs(refs);
  }
  if (failed.length > 0) throw mirrorsFailed(failed, git.repositories.length);
  return { path: folder, facts };
}

/** All are tried, so that one run names every repository that needs a person. */
function mirrorsFailed(failed: readonly DrError[], all: number): DrError {
  return new DrError({
    code: 'GIT-MIRROR',
    where: 'git',
    fact: [
      `${failed.length} of ${plural(all, 'repository', 'repositories')} could not be mirrored`,
      ...failed.map(({ where, fact }) => `${where}: ${fact}`),
    ].join('\n'),
    hint: 'try each by hand: git ls-remote URL; or take it out of git.repositories',
    cause: failed[0],
  });
}
