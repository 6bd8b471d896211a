/** Which lives of a site have begun in a repository: each has an archive of its own, and none may be begun twice. */
import { type Layout, lineageName, parseLineage, STANZA } from '../../../plan/layout.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { CatalogEntry } from '../catalog/types.ts';

export interface LivesInput {
  readonly store: Pick<ObjectStore, 'get'>;
  readonly layout: Layout;
  readonly site: string;
  /** Of the same repository. */
  readonly entries: readonly Pick<CatalogEntry, 'outline'>[];
}

/**
 * Generations, ascending. One that archives and has no point yet counts too: those after the newest known one are asked for, until one
 * is not there. Throws what the storage says when it can't be read.
 */
export async function livesOf({ store, layout, site, entries }: LivesInput): Promise<number[]> {
  const written = entries.flatMap(({ outline }) => {
    const lineages = outline.captures.flatMap(({ postgres }) => (postgres === undefined ? [] : [postgres.lineage]));
    return lineages.map(parseLineage);
  });
  const lives = new Set(written.flatMap((life) => (life?.site === site ? [life.generation] : [])));
  const archiveOf = (generation: number) =>
    `${layout.pgbackrest(lineageName(site, generation))}/archive/${STANZA}/archive.info`;
  let next = Math.max(0, ...lives) + 1;
  while ((await store.get(archiveOf(next))) !== undefined) {
    lives.add(next);
    next += 1;
  }
  return [...lives].sort((a, b) => a - b);
}
