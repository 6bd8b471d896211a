/** WAL that a dead server has not shipped: saved from its data directory before that is overwritten, and replayed after the archive's. */
import { chown, copyFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../../../config/site.ts';
import { namesIn } from '../../../core/absent.ts';
import { lookUpAccount, makePassableFolder } from '../../../core/account.ts';

/**
 * By lineage and not by restore: when a first restore of it has failed half-way, this is the only copy of the last transactions, and the
 * next one, from another repository perhaps, needs it too.
 */
export function rescueFolder(site: Site, lineage: string): string {
  return join(site.environment.stateDir, 'restore', `rescued-${lineage}`);
}

/** Pure. Segments from the archive's end on, sorted. Recycled segments have future names; replay stops at the first one whose content doesn't fit its name. */
export function unshipped(names: readonly string[], archivedLast: string | undefined): string[] {
  const segments = names.filter((name) => /^[0-9A-F]{24}$/.test(name));
  return segments.filter((name) => archivedLast === undefined || name.slice(8) >= archivedLast.slice(8)).sort();
}

/** What an earlier restore of this lineage has saved. */
export async function rescuedBefore(site: Site, lineage: string, archivedLast: string | undefined): Promise<string[]> {
  return unshipped(await namesIn(rescueFolder(site, lineage)), archivedLast);
}

/**
 * Returns the names of the saved segments; none where there is no pg_wal. Idempotent, and on disk when it returns. Throws for a folder that
 * can't be read.
 * @param source The folder `pg_wal`.
 */
export async function rescueWal(
  site: Site,
  lineage: string,
  source: string,
  archivedLast: string | undefined,
): Promise<string[]> {
  const wanted = unshipped(await namesIn(source), archivedLast);
  if (wanted.length === 0) return [];
  const folder = rescueFolder(site, lineage);
  await makePassableFolder(folder);
  const account = await lookUpAccount(site.environment.runAs);
  for (const name of wanted) {
    const target = join(folder, name);
    await copyFile(join(source, name), target);
    if (account) await chown(target, account.uid, account.gid);
    const handle = await open(target, 'r');
    await handle.sync().finally(() => handle.close());
  }
  return wanted;
}
