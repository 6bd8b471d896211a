/** The catalog of one repository: which recovery points it can restore, alone. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { driveIdentity } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { locationOf, type StoreRole } from '../../storage/backends.ts';
import type { CatalogPlace } from './document.ts';
import { readKeyring } from './keyring.ts';
import { StoreCatalog } from './store-catalog.ts';
import type { Catalog } from './types.ts';

export type { Catalog, CatalogEntry, CatalogProblem, Trust } from './types.ts';

/**
 * `asOf` reads a versioned bucket as it was at that moment; such a catalog is read-only. Nothing but the keys is read yet.
 * Throws what the store throws when it is opened, and `SECRET-…` (exit 2) when no signing key can be read.
 */
export async function openCatalog(site: Site, repository: Repository, role: StoreRole, asOf?: Date): Promise<Catalog> {
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
  });
}
