/** Reads and writes what repositories remember of one another. A repository that does not answer remembers nothing for now. */

import { canonicalJson } from '../../../plan/digest.ts';
import { attachedRepositories, folderIsThere, isDriveUnmounted } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import { answerWithin, LATE } from '../../core/wait/with-limit.ts';
import type { StoreRole } from '../../storage/backends.ts';
import { parseHead } from './head.ts';
import { readKeyring } from './keyring.ts';
import type { Head } from './memory.ts';

/** Somebody waits, and the answer of one other repository is enough. */
const WITHIN_SECONDS = 5;

/** A region that is gone is asked again after this long: each catalog of a run would wait for it anew. */
const FORGET_MS = 60_000;
const silentSince = new WeakMap<Site, Map<string, number>>();

/** Drives change at one path, and an off-site copy stands for itself: neither remembers, nor is remembered. */
function othersOf(site: Site, repository: Repository): Repository[] {
  if (repository.exported === true || site.repositories.get(repository.id) !== repository) return [];
  return attachedRepositories(site).filter(
    (other) => other !== repository && other.exported !== true && !isDriveUnmounted(site, other),
  );
}

/** Undefined where it took too long, or failed: the log says which. */
async function within<T>(site: Site, { id }: Repository, work: () => Promise<T>): Promise<T | undefined> {
  const silent = silentSince.get(site) ?? new Map<string, number>();
  silentSince.set(site, silent);
  if (performance.now() - (silent.get(id) ?? Number.NEGATIVE_INFINITY) < FORGET_MS) return undefined;
  try {
    const answer = await answerWithin(work(), WITHIN_SECONDS);
    if (answer !== LATE) return answer;
    site.log.debug({ repository: id }, `did not say within ${WITHIN_SECONDS} s what it remembers of the others`);
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    site.log.debug({ repository: id, error: error.message }, 'does not say what it remembers of the others');
  }
  silent.set(id, performance.now());
  return undefined;
}

export interface Remembered {
  /** Id of the repository that remembers. */
  readonly by: string;
  readonly head: Head;
}

/** What the other repositories remember of this one. */
export async function rememberedOf(site: Site, repository: Repository, role: StoreRole): Promise<Remembered[]> {
  const others = othersOf(site, repository);
  if (others.length === 0) return [];
  const { keys } = await readKeyring(site);
  const place = { environment: site.environment.name, of: repository.id };
  const read = async (other: Repository): Promise<Remembered[]> => {
    const found = await within(site, other, async () =>
      (await other.store(role)).get(other.layout.head(repository.id)),
    );
    const head = found && parseHead(found.body, place, keys);
    return head === undefined ? [] : [{ by: other.id, head }];
  };
  return (await Promise.all(others.map(read))).flat();
}

/** Nothing is written where a disk should be: its mount point is absent, or a folder without points. */
async function isMounted(site: Site, repository: Repository, role: StoreRole): Promise<boolean> {
  if (repository.settings.type !== 'posix') return true;
  await folderIsThere(site, repository);
  return (await (await repository.store(role)).list(repository.layout.catalogPrefix)).length > 0;
}

/** Writes the head into every other repository that answers. One that misses something stays: it is a witness. */
export async function rememberHead(
  site: Site,
  repository: Repository,
  { role, head, keepIn }: { readonly role: StoreRole; readonly head: Head; readonly keepIn: ReadonlySet<string> },
): Promise<void> {
  const others = othersOf(site, repository).filter(({ id }) => !keepIn.has(id));
  const write = (other: Repository): Promise<unknown> =>
    within(site, other, async () => {
      if (!(await isMounted(site, other, role))) return;
      await (await other.store(role)).put(other.layout.head(repository.id), `${canonicalJson(head)}\n`);
    });
  await Promise.all(others.map(write));
}
