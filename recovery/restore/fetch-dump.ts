/** A logical dump as files of this host, for as long as they are needed. */
import { randomBytes } from 'node:crypto';
import { chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { postgresSettings } from '../config/environment.ts';
import type { Repository, Site } from '../config/site.ts';
import { lookUpAccount, makeReachableFolder } from '../core/account.ts';
import { findPostgresBin } from '../engines/find.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { restoreSnapshot } from '../engines/restic/restore.ts';
import type { ResticCapture } from '../points/point.ts';
import { type DumpEntry, readDumpList } from './dump-list.ts';

interface FetchedFrom {
  /** The repository, or a copy of its state at a moment. */
  readonly source: Repository;
  readonly capture: ResticCapture;
}

/** The dump as files that the server's account can read. */
export async function fetchDump(
  site: Site,
  { source, capture }: FetchedFrom,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  await makeReachableFolder(site.environment.stateDir, folder, site.environment.runAs);
  await restoreSnapshot(openRestic(site, source, 'restorer'), { snapshot: capture.snapshot, folder, signal });
  const account = await lookUpAccount(site.environment.runAs);
  if (account) {
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
      await chown(join(entry.parentPath, entry.name), account.uid, account.gid);
  }
  return join(folder, capture.path, 'database');
}

/** What a fetched dump holds. */
export async function entriesOf(
  site: Site,
  dump: string,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal | undefined },
): Promise<DumpEntry[]> {
  const program = join(await findPostgresBin(postgresSettings(site.environment).binDir), 'pg_restore');
  const options = { as: site.environment.runAs, cwd: folder, signal };
  return readDumpList((await site.run([program, '--list', '--verbose', dump], options)).stdout);
}

export function scratchFolder({ environment }: Site): string {
  return join(environment.stateDir, 'restore', `logical-${randomBytes(4).toString('hex')}`);
}
