/** `dr find --what` in the WAL that this host has received from an external server: it lies here, so no repository is asked. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../config/site.ts';
import { ifAbsent, namesIn } from '../core/absent.ts';
import { makeReachableFolder } from '../core/account.ts';
import { DrError, precondition } from '../core/errors.ts';
import type { OpenedWal } from '../engines/pgbackrest/records/lineage.ts';
import { withWalReader } from '../engines/pgbackrest/records/read.ts';
import { stretchesOf } from '../engines/pgbackrest/records/runs.ts';
import { microsOf } from '../points/moment.ts';
import { addressOf, withServer } from '../workloads/external/postgres/server.ts';
import { chainOf, readBases } from '../workloads/external/wal/chain.ts';
import { walServerOf } from '../workloads/external/wal/replication.ts';
import { Kept, liveRelations, type SearchRequest, type SearchResult, searchLineage } from './search.ts';

/** True where the WAL is somebody else's, and was received. */
export const isReceived = ({ environment }: Pick<Site, 'environment'>): boolean =>
  environment.postgres === undefined && environment.external?.postgres?.wal !== undefined;

const SEGMENT = /^[0-9A-F]{24}(\.partial)?$/;

/** What is received and what was copied of it. Throws `WAL-NONE` (exit 6) before the first base backup. */
async function openReceived(site: Site, signal: AbortSignal | undefined): Promise<OpenedWal> {
  const lineage = addressOf(walServerOf(site));
  const chain = chainOf(site);
  const newest = (await readBases(chain)).at(-1);
  if (newest === undefined) {
    throw precondition({
      code: 'WAL-NONE',
      where: chain.folder,
      fact: `no WAL of ${lineage} was copied on this host yet`,
      hint: 'start dr receive-wal, then: dr backup --kind incremental --only postgres-wal',
    });
  }
  const { segmentBytes } = newest;
  const folders = [chain.receiving, chain.wal];
  const names = (await Promise.all(folders.map(namesIn))).flat().filter((name) => SEGMENT.test(name));
  const folder = join(site.environment.stateDir, 'find-received');
  await makeReachableFolder(site.environment.stateDir, folder, undefined);
  // The receiver renames a segment when it ends, and a capture moves it: one of the places has it.
  const fetch = async (segment: string, target: string): Promise<void> => {
    const places = [segment, `${segment}.partial`, segment].flatMap((name) => folders.map((each) => join(each, name)));
    for (const path of places) if (await copyFile(path, target).then(() => true, ifAbsent(false))) return;
    throw new DrError({
      code: 'WAL-GONE',
      where: segment,
      fact: 'it was removed while it was searched: no base backup needs it any more',
      hint: 'run the same command again',
    });
  };
  const source = { site, where: 'the WAL that this host has received', folder, fetch, segmentBytes, signal };
  const whole = new Set(names.map((name) => name.replace('.partial', '')));
  return { lineage, source, stretches: stretchesOf(whole, segmentBytes) };
}

export async function searchReceived(site: Site, request: SearchRequest): Promise<SearchResult> {
  const server = walServerOf(site);
  const wal = await openReceived(site, request.signal);
  const { relations, note } = await liveRelations(site, (use, database) =>
    withServer(site, server, use, { database: database ?? server.maintenance }),
  );
  const kept = new Kept();
  const since = microsOf(request.since);
  const extent = await withWalReader(wal.source, (reader) =>
    searchLineage({ wal, reader, relations, request, kept, since }),
  );
  return {
    where: wal.source.where,
    entries: [],
    ...kept.inOrder(),
    read: extent === undefined ? [] : [extent.read],
    notes: [...(note === undefined ? [] : [note]), ...(extent?.notes ?? [])],
    ...(note === undefined ? { live: relations } : {}),
  };
}
