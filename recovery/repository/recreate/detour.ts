/** Between two S3 repositories restic's snapshots go by way of a folder of this host, which holds all of them for a while. */
import { statfs } from 'node:fs/promises';
import type { Repository, Site } from '../../config/site.ts';
import { makePassableFolder } from '../../core/account.ts';
import { precondition } from '../../core/errors.ts';
import { listPacks } from '../../engines/restic/packs.ts';
import { formatBytes } from '../../report/format.ts';

/** Throws `DISK-TOO-SMALL` (exit 6), before anything is emptied. */
export async function checkDetour(site: Site, source: Repository, target: Repository): Promise<void> {
  if (source.settings.type !== 's3' || target.settings.type !== 's3') return;
  const { stateDir } = site.environment;
  await makePassableFolder(stateDir);
  const packs = await listPacks(await source.store('restorer'), source.layout.restic);
  const needed = packs.reduce((sum, { size }) => sum + size, 0);
  const { bavail, bsize } = await statfs(stateDir);
  if (needed <= bavail * bsize) return;
  throw precondition({
    code: 'DISK-TOO-SMALL',
    where: stateDir,
    fact: `the files of ${source.id} go by way of it: ${formatBytes(needed)}, and ${formatBytes(bavail * bsize)} are free`,
    hint: 'make room there, or fill it from a repository that is a folder (--from)',
  });
}
