/** Dated copies against their own lists of files: cheap enough for all of them, because nothing but the list is read. */
import type { Repository, Site } from '../config/site.ts';
import { readKeyring } from '../points/catalog/keyring.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { copyFolders } from '../points/offsite-copy/copies.ts';
import { COPY_FILES, type CopyManifest, parseManifest } from '../points/offsite-copy/manifest.ts';
import { verifyDocument } from '../points/signing.ts';
import { plural } from '../report/format.ts';
import type { Finding } from './types.ts';

const ELSEWHERE = 'restore from another copy or repository (`dr points`), and export again';
const SHOWN = 20;

function finding(repository: string, point: string, code: string, fact: string): Finding {
  const what = `copy of ${point}`;
  return { repository, area: 'copy', severity: 'wrong', code, what, fact, hint: ELSEWHERE, points: [point] };
}

/** Pure: files that are missing or of another size. Other files, such as a lock of restic, do no harm. */
export function manifestFindings(
  repository: string,
  manifest: Pick<CopyManifest, 'point' | 'files'>,
  sizes: ReadonlyMap<string, number>,
): Finding[] {
  const wrong = manifest.files.flatMap(({ path, size }) => {
    const found = sizes.get(path);
    if (found === size) return [];
    return [found === undefined ? `${path}: missing` : `${path}: ${found} bytes, ${size} were written`];
  });
  if (wrong.length === 0) return [];
  const more = wrong.length > SHOWN ? `\nand ${wrong.length - SHOWN} more` : '';
  const fact = `${plural(wrong.length, 'file')} not as written:\n${wrong.slice(0, SHOWN).join('\n')}${more}`;
  return [finding(repository, manifest.point, 'COPY-DAMAGED', fact)];
}

/** @param entries points that the catalog lists: a copy without one is an interrupted export and no loss */
export async function copyFindings(
  site: Site,
  repository: Repository,
  entries: readonly CatalogEntry[],
): Promise<Finding[]> {
  const { keys } = await readKeyring(site);
  const store = await repository.store('restorer');
  const folders = new Map((await copyFolders(repository, 'restorer')).map((folder) => [folder.point, folder]));
  const found = await Promise.all(
    entries.map(async ({ point: { id } }): Promise<Finding[]> => {
      const stored = await store.get(repository.layout.copyFile(id, COPY_FILES.manifest));
      const manifest = stored && parseManifest(stored.body.toString('utf8'));
      if (manifest === undefined) {
        const fact = `${COPY_FILES.manifest} ${stored ? 'is not a list of files' : 'is missing'}`;
        return [finding(repository.id, id, 'COPY-MANIFEST', fact)];
      }
      if (manifest.point !== id || verifyDocument(manifest, keys) === 'bad')
        return [finding(repository.id, id, 'COPY-MANIFEST', `${COPY_FILES.manifest} was tampered with`)];
      const prefix = repository.layout.copyPrefix(id);
      const objects = folders.get(id)?.objects ?? [];
      const sizes = new Map(objects.map(({ key, size }) => [key.slice(prefix.length), size]));
      return manifestFindings(repository.id, manifest, sizes);
    }),
  );
  return found.flat();
}
