/** The archived WAL of one lineage in one repository, opened for reading. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { STANZA } from '../../../../plan/layout.ts';
import type { Repository, Site } from '../../../config/site.ts';
import type { CatalogEntry } from '../../../points/catalog/types.ts';
import type { PostgresCapture } from '../../../points/point.ts';
import { segmentFiles } from '../../../points/wal.ts';
import { segmentBytesOf } from '../../../points/wal-segment.ts';
import { openPgBackRest } from '../pgbackrest.ts';
import { fetchSegment } from '../wal.ts';
import type { WalSource } from './read.ts';
import { type Stretch, stretchesOf } from './runs.ts';

/** A lineage's sets, in the order of the chain; never empty. */
export interface LineageSets {
  readonly lineage: string;
  readonly sets: readonly [PostgresCapture, ...PostgresCapture[]];
}

/** Newest last: by the newest set of each. Tampered points don't count. */
export function lineagesIn(entries: readonly CatalogEntry[]): LineageSets[] {
  const byName = new Map<string, [PostgresCapture, ...PostgresCapture[]]>();
  for (const { point, trust } of entries) {
    if (trust === 'tampered') continue;
    for (const capture of point.captures) {
      if (capture.engine !== 'pgbackrest') continue;
      const known = byName.get(capture.lineage);
      byName.delete(capture.lineage);
      byName.set(capture.lineage, known === undefined ? [capture] : [...known, capture]);
    }
  }
  return [...byName].map(([lineage, sets]) => ({ lineage, sets }));
}

/** WAL of one history, whoever holds it. */
export interface OpenedWal {
  readonly lineage: string;
  readonly source: WalSource;
  /** Oldest first. Empty where the archive has no segment. */
  readonly stretches: readonly Stretch[];
}

export interface LineageWal extends LineageSets, OpenedWal {
  readonly lineage: string;
}

/** @param signal ends what is fetched and read */
export async function openLineage(
  site: Site,
  repository: Repository,
  { lineage, sets }: LineageSets,
  signal?: AbortSignal,
): Promise<LineageWal> {
  const newest = sets.at(-1) ?? sets[0];
  const pg = await openPgBackRest(site, {
    lineage,
    repositories: [repository],
    role: 'restorer',
    passphrase: newest.passphrase,
    folder: join(site.environment.stateDir, 'wal', `${repository.id}-${lineage}`),
  });
  const files = segmentFiles(await pg.list(repository, `archive/${STANZA}`));
  const segmentBytes = segmentBytesOf(newest);
  const fetch = async (segment: string, target: string): Promise<void> => {
    const path = files.get(segment);
    if (path === undefined) throw new Error(`segment ${segment} is not in ${repository.id}`);
    await fetchSegment(pg, repository, path, target);
    await rm(`${target}.raw`, { force: true });
  };
  const source = { site, where: repository.id, folder: pg.folder, fetch, segmentBytes, signal };
  return { lineage, sets, source, stretches: stretchesOf(new Set(files.keys()), segmentBytes) };
}
