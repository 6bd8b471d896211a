/** The off-site copies in a repository. Reads only. */
import type { Repository, Site } from '../../config/site.ts';
import type { StoreRole } from '../../storage/backends.ts';
import type { ObjectInfo } from '../../storage/object-store.ts';
import { openCatalog } from '../catalog/catalog.ts';
import type { CatalogEntry } from '../catalog/types.ts';
import { COPY_FILES, parseManifest } from './manifest.ts';

export interface CopyFolder {
  /** Id of the copied point. */
  readonly point: string;
  readonly bytes: number;
  readonly objects: readonly ObjectInfo[];
  /** When its newest file was written. */
  readonly newest: Date;
}

export interface OffsiteCopy extends CopyFolder {
  /** Absent where an export was interrupted or still runs. */
  readonly entry?: CatalogEntry;
  readonly exportedAt?: string;
  /** The source repository. */
  readonly from?: string;
}

/** Sorted by the point's id, oldest first, whether the catalog lists the point or not. */
export async function copyFolders(repository: Repository, role: StoreRole): Promise<CopyFolder[]> {
  const { copiesPrefix } = repository.layout;
  const store = await repository.store(role);
  const byPoint = Map.groupBy(
    await store.list(copiesPrefix),
    ({ key }) => key.slice(copiesPrefix.length).split('/')[0] ?? '',
  );
  return [...byPoint].map(([point, objects]) => ({
    point,
    objects,
    bytes: objects.reduce((sum, { size }) => sum + size, 0),
    newest: new Date(Math.max(...objects.map(({ modified }) => modified.getTime()))),
  }));
}

/** A point whose data is gone is among them, with 0 bytes. */
export async function offsiteCopies(site: Site, repository: Repository): Promise<OffsiteCopy[]> {
  const [folders, catalog] = await Promise.all([
    copyFolders(repository, 'restorer'),
    openCatalog(site, repository, 'restorer'),
  ]);
  const store = await repository.store('restorer');
  const entries = new Map((await catalog.points()).map((entry) => [entry.point.id, entry]));
  const found = new Map(folders.map((folder) => [folder.point, folder]));
  const points = [...new Set([...found.keys(), ...entries.keys()])].sort();
  return Promise.all(
    points.map(async (point): Promise<OffsiteCopy> => {
      const folder = found.get(point) ?? { point, objects: [], bytes: 0, newest: new Date(0) };
      const entry = entries.get(point);
      if (entry === undefined) return folder;
      const stored = await store.get(repository.layout.copyFile(point, COPY_FILES.manifest));
      const manifest = stored && parseManifest(stored.body.toString('utf8'));
      return {
        ...folder,
        entry,
        ...(manifest ? { exportedAt: manifest.exportedAt, from: manifest.from.repository } : {}),
      };
    }),
  );
}
