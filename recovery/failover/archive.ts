/** What the archive of a lineage holds, by names and times of its files alone. */
import { type Layout, STANZA } from '../../plan/layout.ts';
import { segmentFiles } from '../engines/pgbackrest/wal.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { type Lsn, placeOfSegment } from './lsn.ts';

export interface ArchivedSegment {
  /** 24 hexadecimal digits. */
  readonly name: string;
  /** When it was stored. */
  readonly at: Date;
}

/** In the order of their names. */
export async function archivedSegments(
  store: ObjectStore,
  layout: Layout,
  lineage: string,
): Promise<ArchivedSegment[]> {
  const files = await store.list(`${layout.pgbackrest(lineage)}/archive/${STANZA}/`);
  const times = new Map(files.map(({ key, modified }: ObjectInfo) => [key, modified]));
  return [...segmentFiles([...times.keys()])]
    .map(([name, key]) => ({ name, at: times.get(key) as Date }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The furthest of the newest timeline. Undefined for an empty archive. */
export function newestSegment(segments: readonly ArchivedSegment[]): ArchivedSegment | undefined {
  return segments.at(-1);
}

/** Segments that hold something of that timeline at or after `lsn`: what a history that forked off there never had. */
export function segmentsBeyond(
  segments: readonly ArchivedSegment[],
  { timeline, lsn }: { readonly timeline: number; readonly lsn: Lsn },
): ArchivedSegment[] {
  return segments.filter(({ name }) => {
    const place = placeOfSegment(name);
    return place.timeline >= timeline && place.end > lsn;
  });
}
