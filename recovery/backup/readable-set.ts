/** A set that pgBackRest has made and can't read: a database's name with a line break breaks its manifest, and no restore can use it. */
import { postgresSettings } from '../config/environment.ts';
import type { Repository, Site } from '../config/site.ts';
import { verificationFailed } from '../core/errors.ts';
import { twinFilesOf } from '../engines/pgbackrest/twin-files.ts';
import { withClient } from '../workloads/postgres/server.ts';

const ODD_NAMES = "SELECT datname AS name FROM pg_database WHERE datname ~ '[[:cntrl:]]' ORDER BY 1";

export interface MadeSet {
  readonly repository: Repository;
  readonly lineage: string;
  /** Label. */
  readonly set: string;
}

/** Throws `SET-UNREADABLE` (exit 5) with the databases' names. */
export async function refuseUnreadableSet(site: Site, { repository, lineage, set }: MadeSet): Promise<void> {
  const settings = postgresSettings(site.environment);
  const { rows } = await withClient(site, settings, (client) => client.query<{ name: string }>(ODD_NAMES));
  if (rows.length === 0) return;
  const { files } = await twinFilesOf(site, repository, { lineage, sets: [set], role: 'writer' });
  if (files.some(({ key, state }) => key.includes(`/${set}/`) && state === 'ok')) return;
  const names = rows.map(({ name }) => JSON.stringify(name)).join(', ');
  throw verificationFailed({
    code: 'SET-UNREADABLE',
    where: `postgres in ${repository.id}`,
    fact: `pgBackRest has made the set ${set} and can't read its manifest: the name of database ${names} holds a control character`,
    hint: 'nothing can be restored from it: rename the database (ALTER DATABASE … RENAME TO), then dr backup --kind full',
  });
}
