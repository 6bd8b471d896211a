/** Until when a repository holds PostgreSQL's WAL, told from its list of files alone: cheap, and good to the last segment. */
import type { Layout } from '../plan/layout.ts';
import type { PostgresCapture } from './point.ts';
import type { ObjectStore } from './storage/object-store.ts';

/** 256 segments each; a list ends at the first folder that is empty, and in any case here. */
const FOLDERS = 64;
const SEGMENT = /\/[0-9A-F]{24}-[0-9a-f]{40}(\.\w+)?$/;

/** `0000000100000000` → `0000000100000001` */
function nextFolder(folder: string): string {
  const log = Number.parseInt(folder.slice(8), 16) + 1;
  return folder.slice(0, 8) + log.toString(16).toUpperCase().padStart(8, '0');
}

/**
 * When the newest segment at or after the set's end was stored. What was committed after that moment is not archived; what was
 * committed before it is, but for the time that the copy took. Undefined when there is no such segment. Gaps are not looked for:
 * that is what `dr verify` and a restore's preflight do.
 */
export async function archivedUntil(
  store: ObjectStore,
  layout: Layout,
  capture: PostgresCapture,
  asOf?: Date,
): Promise<Date | undefined> {
  const { lineage, stanza, serverVersion, walStop } = capture;
  const [major] = serverVersion.split('.');
  // A lineage is one life of one cluster, so pgBackRest's history of it has one entry.
  const archive = `${layout.pgbackrest(lineage)}/archive/${stanza}/${major}-1`;
  let newest: Date | undefined;
  let folder = walStop.slice(0, 16);
  for (let n = 0; n < FOLDERS; n += 1) {
    const files = await store.list(`${archive}/${folder}/`, asOf);
    const segments = files.filter(({ key }) => SEGMENT.test(key) && key.slice(key.lastIndexOf('/') + 1) >= walStop);
    if (segments.length === 0) break;
    for (const { modified } of segments) if (newest === undefined || modified > newest) newest = modified;
    folder = nextFolder(folder);
  }
  return newest;
}
