/** Whether a point that was just marked `hold` is still there: a prune that had decided before the mark may remove it. */
import type { Repository } from '../config/site.ts';
import { precondition } from '../core/errors.ts';
import { untilNotPruning } from '../storage/writers.ts';
import type { Catalog } from './catalog/types.ts';

/** A prune of some hundred points takes minutes. */
const WAIT_SECONDS = 600;

interface Marked {
  readonly repository: Repository;
  readonly catalog: Catalog;
}

/** Waits for a prune. Throws `POINT-GONE` where it has removed the point, and `LOCKED` where it does not end (exit 6). */
export async function checkHeld({ repository, catalog }: Marked, id: string, signal?: AbortSignal): Promise<void> {
  const store = await repository.store('restorer');
  await untilNotPruning(store, repository.layout, { waitSeconds: WAIT_SECONDS, signal });
  if ((await catalog.get(id)) !== undefined) return;
  throw precondition({
    code: 'POINT-GONE',
    where: `${id} in ${repository.id}`,
    fact: 'a prune had decided before the mark was set, and has removed it',
    hint: 'see `dr points`: mark another one, or one in another repository',
  });
}
