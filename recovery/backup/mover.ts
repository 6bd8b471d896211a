/**
 * A pod that copies one volume of the platform has no state that lasts, so it has no key of the site either. It writes under the key of whoever
 * writes for the site, as the newest point tells it, and only beside that one's own generation.
 */
import { parseLineage } from '../../plan/layout.ts';
import type { Site } from '../config/site.ts';
import { precondition } from '../core/errors.ts';
import { ownerOf } from '../points/catalog/doubts.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import type { Origin } from '../points/point.ts';
import type { Catalogs } from './stranger.ts';

/** The highest generation of the site that has a copy of its database; 0 without one. */
function newestGeneration(catalogs: Catalogs, site: string): number {
  const lineages = [...catalogs.values()].flatMap((entries) =>
    entries.flatMap(({ trust, outline }) =>
      trust === 'ok' ? outline.captures.flatMap(({ postgres }) => postgres?.lineage ?? []) : [],
    ),
  );
  const own = lineages.flatMap((name) => parseLineage(name) ?? []).filter((lineage) => lineage.site === site);
  return Math.max(0, ...own.map(({ generation }) => generation));
}

/** A repository that was away may name an earlier one. */
function newestOwner(catalogs: Catalogs, site: string): CatalogEntry | undefined {
  const owners = [...catalogs.values()].flatMap((entries) => ownerOf(entries, site) ?? []);
  return owners
    .filter(({ point }) => point.origin !== undefined)
    .sort(byStart)
    .at(-1);
}

const byStart = (a: CatalogEntry, b: CatalogEntry): number =>
  Date.parse(a.point.startedAt) - Date.parse(b.point.startedAt);

/** Throws `MOVER-TOO-EARLY` or `SITE-STRANGER` (exit 6). Changes nothing. */
export function originForMover({ environment }: Pick<Site, 'environment'>, catalogs: Catalogs): Origin {
  const { site, generation } = environment;
  const known = newestGeneration(catalogs, site);
  if (generation !== undefined && known > generation) {
    throw precondition({
      code: 'SITE-STRANGER',
      where: `site ${site}`,
      fact: `generation ${known} writes for "${site}", and this pod belongs to generation ${generation}`,
      hint: 'the stack of this pod was taken over: remove it, or bring it back as a standby',
    });
  }
  const origin = newestOwner(catalogs, site)?.point.origin;
  if (origin !== undefined && (generation === undefined || known === generation)) return origin;
  throw precondition({
    code: 'MOVER-TOO-EARLY',
    where: `site ${site}`,
    fact:
      origin === undefined
        ? `no point says who writes for "${site}"`
        : `the copies of "${site}" are of generation ${known}, and this pod belongs to generation ${generation}`,
    hint: 'the first backup of the stack comes before those of its volumes: it runs by its schedule, and the next run of this one copies',
  });
}
