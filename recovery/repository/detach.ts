/** Takes a repository that is gone out of the environment's work. Nothing in it is changed. */
import { type Detachment, detachments, refuseBeingRecreated, setDetachment } from '../config/detached.ts';
import { engineRepositories, folderIsThere, refuseExported } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { precondition } from '../core/errors.ts';
import { accountName } from '../core/holder.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { refuseServerElsewhere, shipWithout } from './ship.ts';

export interface DetachPlan {
  readonly repository: string;
  /** Set where it is detached already. */
  readonly before?: Detachment;
  /** Points that it holds. Absent where it does not answer. */
  readonly points?: number;
  /** Why it does not answer. */
  readonly unreachable?: string;
  /** Those that backups go on to. */
  readonly left: readonly string[];
}

/**
 * Reads only. Throws `REPOSITORY-EXPORTED` (exit 2), `POSTGRES-ELSEWHERE`, `REPOSITORY-RECREATED` while it is being filled, and
 * `REPOSITORY-LAST` where nothing would be protected any more (exit 6).
 */
export async function planDetach(site: Site, repository: Repository): Promise<DetachPlan> {
  refuseExported(repository);
  refuseServerElsewhere(site);
  const { id } = repository;
  const before = detachments(site).get(id);
  refuseBeingRecreated(id, before, {
    consequence: ', and takes no part until that has ended',
    hint: 'nothing is to be done; to go on with it',
  });
  const left = engineRepositories(site)
    .map((each) => each.id)
    .filter((each) => each !== id);
  if (left.length === 0) {
    throw precondition({
      code: 'REPOSITORY-LAST',
      where: `repository ${id}`,
      fact: 'is the last one that backups go to: nothing would be protected any more',
      hint: 'attach or add another repository first (`dr repository attach ID`, `dr init`)',
    });
  }
  const answer = await folderIsThere(site, repository)
    .then(() => openCatalog(site, repository, 'restorer'))
    .then((catalog) => catalog.points())
    .then(
      (points) => ({ points: points.length }),
      (error: unknown) => {
        rethrowBug(error);
        return { unreachable: asDrError(error, `repository ${id}`).fact };
      },
    );
  return { repository: id, ...(before && { before }), ...answer, left };
}

/** A run that was killed is completed by the next one. */
export async function detach(site: Site, repository: Repository, now: Date): Promise<void> {
  const before = detachments(site).get(repository.id);
  if (before?.state !== 'detached')
    await setDetachment(site, repository.id, { state: 'detached', since: now.toISOString(), by: accountName() });
  await shipWithout(site, repository);
}
