/** Removes the copies and the catalog of a repository. Fences, evidence, incidents and what it remembers of the others stay. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import type { Repository, Site } from '../../config/site.ts';
import { holderName } from '../../core/holder.ts';
import { openCatalog } from '../../points/catalog/catalog.ts';

const DELETES_AT_ONCE = 16;

/** The catalog goes first: a point must never name data that is gone. */
const prefixesOf = ({ layout }: Repository): string[] => [
  layout.catalogPrefix,
  layout.checkpointPrefix,
  layout.allMarksPrefix,
  layout.leasesPrefix,
  layout.pgbackrestPrefix,
  `${layout.restic}/`,
];

/** A checkpoint says of everything that anybody remembers that it was removed on purpose. The caller holds the locks. */
export async function emptyRepository(site: Site, repository: Repository, signal: AbortSignal): Promise<void> {
  // What this host knows of the catalog by then is what the checkpoint names.
  await (await openCatalog(site, repository, 'writer')).points();
  const store = await repository.store('writer');
  const { settings } = repository;
  for (const prefix of prefixesOf(repository)) {
    const remove = async ({ key }: { readonly key: string }): Promise<void> => {
      signal.throwIfAborted();
      await store.delete(key);
    };
    await pMap(await store.list(prefix), remove, { concurrency: DELETES_AT_ONCE });
    // Deleting keys leaves empty folders, and what is no object: a link, a torn file of an engine.
    if (settings.type === 'posix') await rm(join(settings.path, prefix), { recursive: true, force: true });
  }
  await (await openCatalog(site, repository, 'writer')).acceptGone(holderName(), { return: true });
}
