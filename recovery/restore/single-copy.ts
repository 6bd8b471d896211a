/** Resolves a target in a repository of off-site copies. Each copy is complete, so everything comes from a single one. Pure. */
import { DrError } from '../core/errors.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import type { Resolution } from '../points/resolve/resolve.ts';

/** Among all entries, or only some of them; throws DrErrors. */
type Resolve = (entries: readonly CatalogEntry[]) => Resolution;

/**
 * The newest copy that reaches the target. What it lacks is missing, though an older copy may have it. Throws what the resolution among
 * all copies throws: it knows all ids and the oldest moment.
 * @param entries oldest first
 */
export function resolveInSingleCopy(
  entries: readonly CatalogEntry[],
  resolve: Resolve,
): { readonly point: string; readonly resolution: Resolution } {
  const newest = resolve(entries)
    .items.map((item) => item.point)
    .sort()
    .at(-1);
  let refusal: unknown = new TypeError('a resolution has items');
  for (const entry of entries.toReversed()) {
    const { id } = entry.point;
    if (newest === undefined || id > newest) continue;
    try {
      return { point: id, resolution: resolve([entry]) };
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}
