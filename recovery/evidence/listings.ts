/** What lies in each repository, and what delete markers hide there: an intruder with the writer's keys leaves traces in both. */

import { join } from 'node:path';
import type { Repository, Site } from '../config/site.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import type { Gap } from '../core/errors.ts';
import { writeFile } from '../core/files/writes.ts';
import { isVersioned } from '../storage/versioned-store.ts';

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

async function listOne({ layout, store: open }: Repository, base: string): Promise<Gap[]> {
  const store = await open('restorer');
  const prefixes = [
    layout.catalogPrefix,
    layout.checkpointPrefix,
    layout.allMarksPrefix,
    layout.locksPrefix,
    layout.leasesPrefix,
    layout.pgbackrestPrefix,
    `${layout.restic}/`,
    layout.evidencePrefix,
    layout.incidentsPrefix,
    layout.keysPrefix,
    layout.copiesPrefix,
  ];
  const objects = (await Promise.all(prefixes.map((prefix) => store.list(prefix)))).flat();
  await writeFile(`${base}.jsonl`, lines(objects), { mode: 0o600 });
  if (!isVersioned(store)) return [];
  const deleted = (await Promise.all(prefixes.map((prefix) => store.deletions(prefix)))).flat();
  await writeFile(`${base}.deleted.jsonl`, lines(deleted), { mode: 0o600 });
  return [];
}

/** @param folder it is there, and empty */
export async function collectListings(site: Site, folder: string): Promise<Gap[]> {
  const one = async (repository: Repository): Promise<Gap[]> => {
    try {
      return await listOne(repository, join(folder, repository.id));
    } catch (error) {
      if (site.signal?.aborted) throw error;
      rethrowBug(error);
      const { fact, hint } = asDrError(error, repository.id);
      return [{ id: `listing/${repository.id}`, fact, hint }];
    }
  };
  return (await Promise.all([...site.repositories.values()].map(one))).flat();
}
