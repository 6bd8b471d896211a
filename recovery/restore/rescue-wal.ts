/** WAL that a dead server has not shipped: saved from its data directory before that is overwritten, and replayed after the archive's. */
import { chown, cp, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lookUpAccount } from '../adapters/account.ts';
import type { Site } from '../site.ts';

export function rescueFolder(site: Site, restoreId: string): string {
  return join(site.environment.stateDir, 'restore', restoreId, 'pg_wal');
}

/** Only segments from the archive's end on are taken. Returns their names; none where there is no pg_wal. Idempotent. */
export async function rescueWal(
  site: Site,
  restoreId: string,
  dataDir: string,
  archivedLast: string | undefined,
): Promise<string[]> {
  const source = join(dataDir, 'pg_wal');
  const names = await readdir(source).catch(() => [] as string[]);
  const wanted = names.filter(
    (name) => /^[0-9A-F]{24}$/.test(name) && (archivedLast === undefined || name.slice(8) >= archivedLast.slice(8)),
  );
  if (wanted.length === 0) return [];
  const folder = rescueFolder(site, restoreId);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const account = await lookUpAccount(site.environment.runAs);
  for (const name of wanted) {
    const target = join(folder, name);
    // Recycled segments wait under future names; replay stops at the first record that is not of its place.
    await cp(join(source, name), target);
    if (account) await chown(target, account.uid, account.gid);
  }
  return (await stat(folder)).isDirectory() ? wanted.sort() : [];
}
