/** Which generations of a site have begun in a repository. Each has an archive of its own, and none may begin twice. */
import { type Layout, lineageName, parseLineage, STANZA } from '../../../plan/layout.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { CatalogEntry } from '../catalog/types.ts';

export interface GenerationsInput {
  readonly store: Pick<ObjectStore, 'get'>;
  readonly layout: Layout;
  readonly site: string;
  /** The entries of this repository. */
  readonly entries: readonly Pick<CatalogEntry, 'outline'>[];
}

/**
 * Ascending. A generation that archives and has no point yet counts too: after the newest known one, the archives are looked up until
 * one is absent. Throws what the store throws.
 */
export async function generationsOf({ store, layout, site, entries }: GenerationsInput): Promise<number[]> {
  const written = entries.flatMap(({ outline }) => {
    const lineages = outline.captures.flatMap(({ postgres }) => (postgres === undefined ? [] : [postgres.lineage]));
    return lineages.map(parseLineage);
  });
  const found = new Set(written.flatMap((lineage) => (lineage?.site === site ? [lineage.generation] : [])));
  const archiveOf = (generation: number) =>
    `${layout.pgbackrest(lineageName(site, generation))}/archive/${STANZA}/archive.info`;
  let next = Math.max(0, ...found) + 1;
  while ((await store.get(archiveOf(next))) !== undefined) {
    found.add(next);
    next += 1;
  }
  return [...found].sort((a, b) => a - b);
}
