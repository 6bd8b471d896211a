/** The catalog of one repository: which recovery points it can restore, alone. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { driveIdentity } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { refuseUnmounted } from '../../config/used-folders.ts';
import { DrError } from '../../core/errors.ts';
import { locationOf, type StoreRole } from '../../storage/backends.ts';
import type { CatalogPlace } from './document.ts';
import { readKeyring } from './keyring.ts';
import { rememberedOf, rememberHead } from './remember.ts';
import { StoreCatalog } from './store-catalog.ts';
import type { Catalog } from './types.ts';

export type { Catalog, CatalogEntry, CatalogProblem, Trust } from './types.ts';

/**
 * `asOf` reads a versioned bucket as it was at that moment; such a catalog is read-only. Nothing but the keys is read yet.
 * Throws what the store throws when it is opened, `REPOSITORY-UNREACHABLE` for a mount point without its volume (an empty catalog would
 * only seem to be one), and `SECRET-…` (exit 2) when no signing key can be read.
 */
export async function openCatalog(site: Site, repository: Repository, role: StoreRole, asOf?: Date): Promise<Catalog> {
  refuseUnmounted(site, repository);
  const { name, stateDir } = site.environment;
  const where = `${name} ${locationOf(repository.settings)}${await driveIdentity(site, repository)}`;
  const short = createHash('sha256').update(where).digest('hex').slice(0, 12);
  const place: CatalogPlace = { repository: repository.id, environment: name, layout: repository.layout };
  return new StoreCatalog({
    repository,
    place,
    store: await repository.store(role),
    keys: await readKeyring(site),
    cache: { file: join(stateDir, 'cache', repository.id, `catalog-${short}`), place: where },
    asOf,
    log: site.log,
    remembered: () => rememberedOf(site, repository, role),
  });
}

/**
 * Lets the other repositories remember what the catalogs hold now. Where one of them remembers something that is gone, it stays as it is: it
 * is the witness. What can't be written is remembered less, and the work is done all the same.
 */
export async function rememberCatalogs(
  site: Site,
  repositories: readonly Repository[],
  { role, now }: { readonly role: StoreRole; readonly now: Date },
): Promise<void> {
  const remember = async (repository: Repository): Promise<void> => {
    try {
      const catalog = await openCatalog(site, repository, role);
      const witnesses = new Set((await catalog.gone()).flatMap(({ by }) => (by === undefined ? [] : [by])));
      await rememberHead(site, repository, { role, head: await catalog.head(now), keepIn: witnesses });
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      site.log.warn({ repository: repository.id, error: error.message }, 'the others could not be told what it holds');
    }
  };
  await Promise.all(repositories.map(remember));
}
