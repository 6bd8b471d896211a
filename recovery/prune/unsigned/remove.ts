/** Removes what nobody signed, while no backup writes and nobody else prunes. */
import type { Repository, Site } from '../../config/site.ts';
import { asDrError, rethrowBug } from '../../core/as-dr-error.ts';
import type { DrError } from '../../core/errors.ts';
import { forgetSnapshots } from '../../engines/restic/actions.ts';
import { openRestic } from '../../engines/restic/restic.ts';
import { whileAlone } from '../../storage/alone.ts';
import { findUnsigned, type Unsigned, type UnsignedObject } from './find.ts';

export interface Removed {
  readonly repository: string;
  readonly objects: readonly UnsignedObject[];
  readonly snapshots: readonly string[];
  /** What the store refused to remove, and why. */
  readonly refused: readonly { readonly key: string; readonly error: DrError }[];
}

/**
 * Only what was listed and is still unsigned. In a bucket with versions a delete marker hides it, and the version stays as evidence until its
 * lock ends. Throws `LOCKED` (exit 6) while a backup, a prune or a verification is at work.
 */
export async function removeUnsigned(site: Site, repository: Repository, approved: Unsigned): Promise<Removed> {
  const store = await repository.store('writer');
  return whileAlone(store, repository.layout, 'dr repository clean', async (signal) => {
    const now = await findUnsigned(site, repository);
    const keys = new Set(approved.objects.map(({ key }) => key));
    const ids = new Set(approved.snapshots);
    const objects: UnsignedObject[] = [];
    const refused: { key: string; error: DrError }[] = [];
    for (const object of now.objects.filter(({ key }) => keys.has(key))) {
      signal.throwIfAborted();
      try {
        await store.delete(object.key);
        objects.push(object);
      } catch (error) {
        rethrowBug(error);
        refused.push({ key: object.key, error: asDrError(error, `repository ${repository.id}`) });
      }
    }
    const wanted = now.snapshots.filter((id) => ids.has(id));
    const snapshots = await forget(site, repository, { wanted, signal }).catch((error: unknown) => {
      rethrowBug(error);
      refused.push({ key: repository.layout.restic, error: asDrError(error, `repository ${repository.id}`) });
      return [];
    });
    return { repository: repository.id, objects, snapshots, refused };
  });
}

async function forget(
  site: Site,
  repository: Repository,
  { wanted, signal }: { readonly wanted: readonly string[]; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  if (wanted.length > 0) await forgetSnapshots(openRestic(site, repository, 'writer'), wanted, signal);
  return wanted;
}
