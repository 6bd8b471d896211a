/** Which repositories the database of this host ships its WAL to. */
import { isOnOtherHost } from '../config/environment.ts';
import { readLineage, writeLineage } from '../config/lineage.ts';
import type { Repository, Site } from '../config/site.ts';
import { precondition } from '../core/errors.ts';
import { openPgBackRest } from '../engines/pgbackrest/pgbackrest.ts';

/** A server of another host has scripts of its own there. Throws `POSTGRES-ELSEWHERE` (exit 6). */
export function refuseServerElsewhere({ environment }: Site): void {
  if (!isOnOtherHost(environment.postgres)) return;
  throw precondition({
    code: 'POSTGRES-ELSEWHERE',
    where: 'postgres.host',
    fact: `${environment.postgres?.host} ships the WAL, and \`dr\` changes no server of another host`,
    hint: 'in a stack: name the repository in `storage.detached` of its config and run `pulumi up`; to take it back, remove it there',
  });
}

/** From now on the WAL goes to the others alone: archive_command no longer fails because one is gone. */
export async function shipWithout(site: Site, { id }: Repository): Promise<void> {
  const lineage = site.environment.postgres && (await readLineage(site));
  if (lineage === undefined) return;
  const { name, ...record } = lineage;
  const repositories = record.repositories.filter((each) => each !== id);
  await writeLineage(site, { ...record, repositories });
  const left = [...site.repositories.values()].filter((each) => repositories.includes(each.id));
  // It writes the script that archive_command names. The server calls it anew for each segment.
  if (left.length > 0) await openPgBackRest(site, { lineage: name, repositories: left, role: 'writer' });
}

/** Whether backups go there: attached, and known to the lineage where there is a database. */
export async function isShippedTo(site: Site, { id }: Repository): Promise<boolean> {
  if (site.environment.postgres === undefined) return true;
  return (await readLineage(site))?.repositories.includes(id) === true;
}
