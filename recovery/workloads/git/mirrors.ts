/** Bare mirrors of the git repositories, updated in place: each run fetches only what is new. A mirror needs nothing outside of itself. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { asDrError, isBug } from '../../core/as-dr-error.ts';
import { badInput, DrError, EXIT } from '../../core/errors.ts';
import { notCopiedFacts } from '../../points/not-copied.ts';
import type { ResticCapture } from '../../points/point.ts';
import { plural } from '../../report/format.ts';
import { mirrorLfs } from './lfs.ts';
import { countOf, digestOfRefs, GIT_ENV, gitEnvironment, mainOf, readRefs } from './refs.ts';
import { besideMirror, localFolder, submodulesElsewhere, UPLOAD_PACK } from './source.ts';

export function mirrorsFolder(site: Site): string {
  return join(site.environment.stateDir, 'mirrors');
}

/** A repository that borrows objects from another one (`--shared`, `--reference`). */
export function alternatesOf(mirror: string): string {
  return join(mirror, 'objects', 'info', 'alternates');
}

interface Source {
  readonly name: string;
  readonly url: string;
}

interface Mirror {
  readonly refs: string;
  readonly lfsObjects: number;
  readonly notCopied: readonly string[];
}

/** Some objects of a partial clone are with the server that it was made from. */
async function explainPartial(site: Site, { name, url }: Source, error: unknown): Promise<unknown> {
  const source = localFolder(url);
  if (source === undefined || !(error instanceof DrError) || error.code !== 'ENGINE-FAILED') return error;
  const asked = ['config', '--get-regexp', '^remote\\..*\\.(promisor|partialclonefilter)$'];
  const { stdout } = await site.run(['git', '-C', source, ...asked], { env: GIT_ENV, accept: 'any' });
  if (stdout.trim() === '') return error;
  return new DrError({
    code: 'GIT-PARTIAL',
    where: `git repository ${name}`,
    fact: `${source} is a partial clone, and the rest of it can't be fetched: ${error.fact}`,
    hint: `fetch all of it (git -C ${source} fetch --refetch --no-filter), or name the repository that it was cloned from`,
    cause: error,
  });
}

/** Never by hard links or borrowed objects: damage of the source would be damage of the mirror. */
async function update(site: Site, { name, url }: Source, folder: string, signal?: AbortSignal): Promise<void> {
  const options = { env: gitEnvironment(site.environment.git?.credentials), signal };
  const isLocal = localFolder(url) !== undefined;
  const git = ['git', '-C', folder] as const;
  const packer = isLocal ? ['-c', `remote.origin.uploadpack=${UPLOAD_PACK}`] : [];
  if (await isThere(join(folder, 'HEAD'))) {
    await site.run([...git, 'remote', 'set-url', 'origin', url], options);
    await site.run([...git, ...packer, 'remote', 'update', '--prune'], options);
  } else {
    await rm(folder, { recursive: true, force: true });
    const local = isLocal ? ['--no-local', '--upload-pack', UPLOAD_PACK] : [];
    await site.run(['git', 'clone', '--mirror', '--quiet', ...local, url, folder], options);
  }
  // Says what was fetched last: of nothing that the source holds, and a change where nothing has changed.
  await rm(join(folder, 'FETCH_HEAD'), { force: true });
  // Of a mirror that an earlier version has made.
  if (await isThere(alternatesOf(folder))) {
    await site.run([...git, 'repack', '-a', '-d', '-q'], options);
    await rm(alternatesOf(folder));
  }
  const ask = ['ls-remote', ...(isLocal ? ['--upload-pack', UPLOAD_PACK] : []), '--symref', 'origin', 'HEAD'];
  const { stdout } = await site.run([...git, ...ask], { ...options, accept: 'any' });
  await followHead(site, { folder, name, answer: stdout, signal });
  await site.run([...git, 'fsck', '--connectivity-only', '--no-progress'], options);
}

/** The branch that the source has checked out, or that a server calls its default: what a clone of the mirror checks out. */
async function followHead(
  site: Site,
  { folder, name, answer, signal }: { folder: string; name: string; answer: string; signal?: AbortSignal | undefined },
): Promise<void> {
  const head = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(answer)?.[1];
  if (head === undefined) site.log.debug({ repository: name }, 'the source names no branch as its HEAD');
  else await site.run(['git', '-C', folder, 'symbolic-ref', 'HEAD', head], { env: GIT_ENV, signal });
}

async function mirror(site: Site, source: Source, signal?: AbortSignal): Promise<Mirror> {
  const { name, url } = source;
  const folder = join(mirrorsFolder(site), `${name}.git`);
  const local = localFolder(url);
  try {
    await update(site, source, folder, signal);
  } catch (error) {
    throw await explainPartial(site, source, error);
  }
  const credentials = site.environment.git?.credentials;
  const lfsObjects = await mirrorLfs(site.run, { name, folder, source: local, credentials, signal });
  const beside = local === undefined ? [] : await besideMirror(site.run, local, folder);
  const isShallow = await isThere(join(folder, 'shallow'));
  const shallow = isShallow ? ['older history: the source is a shallow clone (git fetch --unshallow)'] : [];
  return { refs: await readRefs(site.run, folder, signal), lfsObjects, notCopied: [...beside, ...shallow] };
}

/** Facts: `<name>` → digest-sized text of its refs' count and head. Throws `GIT-UNCONFIGURED` (exit 2), `GIT-PARTIAL`, `GIT-LFS-MISSING`. */
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
  const beside: string[] = [];
  const failed: DrError[] = [];
  for (const { name, url } of git.repositories) {
    const made = await mirror(site, { name, url }, signal).catch((error: unknown) => {
      const known = asDrError(error, `git repository ${name}`);
      if (isBug(known) || known.exit === EXIT.interrupted || known.code === 'ENGINE-MISSING') throw known;
      site.log.warn({ repository: name, url, error: known.fact }, 'its mirror was not updated');
      failed.push(known);
      return undefined;
    });
    if (made === undefined) continue;
    const { refs, lfsObjects, notCopied } = made;
    facts[`refs/${name}`] = countOf(refs);
    facts[`main/${name}`] = mainOf(refs) ?? '';
    facts[`digest/${name}`] = digestOfRefs(refs);
    if (lfsObjects > 0) facts[`lfs/${name}`] = lfsObjects;
    beside.push(...notCopied.map((line) => `${name}: ${line}`));
  }
  const [first] = failed;
  if (first !== undefined) throw git.repositories.length === 1 ? first : mirrorsFailed(failed, git.repositories.length);
  const mirrors = git.repositories.map(({ name }) => join(folder, `${name}.git`));
  for (const { name } of git.repositories) {
    const elsewhere = await submodulesElsewhere(site.run, join(folder, `${name}.git`), mirrors);
    beside.push(...elsewhere.map((line) => `${name}: ${line}`));
  }
  return { path: folder, facts: { ...facts, ...notCopiedFacts(beside) } };
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
