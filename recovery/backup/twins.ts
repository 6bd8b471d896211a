/** A set that was just made is built on older ones: whether pgBackRest has read one of their files from its copy, because it is damaged. */
import pMap from 'p-map';
import { STANZA } from '../../plan/layout.ts';
import type { Repository, Site } from '../config/site.ts';
import { messageOf } from '../core/errors.ts';
import { type TwinRequest, twinFilesOf } from '../engines/pgbackrest/twin-files.ts';

/** Newest sets whose manifests are looked for before a backup. */
const NEWEST = 50;
const AT_ONCE = 8;

/**
 * Before a backup: pgBackRest drops each set from its list whose manifest is missing, though the copy beside it is good. The two are the same
 * byte for byte, so it is written again. A sentence for each.
 */
export async function restoreManifests(site: Site, repository: Repository, request: TwinRequest): Promise<string[]> {
  const store = await repository.store('writer');
  const folder = `${repository.layout.pgbackrest(request.lineage)}/backup/${STANZA}`;
  const sets = [...request.sets].sort().slice(-NEWEST);
  const lost = await pMap(
    sets,
    async (set) => {
      const manifest = `${folder}/${set}/backup.manifest`;
      const keys = (await store.list(manifest)).map(({ key }) => key);
      return keys.length > 0 && !keys.includes(manifest) ? [set] : [];
    },
    { concurrency: AT_ONCE },
  );
  const suspects = lost.flat();
  if (suspects.length === 0) return [];
  const { files } = await twinFilesOf(site, repository, { ...request, sets: suspects, role: 'writer' });
  const written: string[] = [];
  for (const { key, state, twin } of files) {
    if (state !== 'missing' || twin === undefined || !key.endsWith('/backup.manifest')) continue;
    const copy = await store.get(twin);
    if (copy === undefined) continue;
    await store.put(key, copy.body, { kind: 'absent' });
    written.push(`${key} in ${repository.id} was missing, and is written again from its copy: find out who removed it`);
  }
  return written;
}

/** A sentence for each damaged file. A repository that does not answer any more is what the next step says. */
export async function twinWarnings(site: Site, repository: Repository, request: TwinRequest): Promise<string[]> {
  try {
    const { files } = await twinFilesOf(site, repository, { ...request, role: 'writer' });
    return files.flatMap(({ key, state, twin }) => {
      if (state === 'ok') return [];
      const copy = twin === undefined ? 'its copy is no better: dr backup --kind full' : `${twin} is good`;
      const repair = twin === undefined ? '' : `: dr repository repair ${repository.id}`;
      return [`${key} in ${repository.id} is ${state}, and ${copy}${repair}`];
    });
  } catch (error) {
    site.log.warn({ repository: repository.id, error: messageOf(error) }, 'its manifests could not be looked at');
    return [];
  }
}
