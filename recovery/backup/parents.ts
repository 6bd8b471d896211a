/**
 * Which snapshot a backup of a folder is compared with. restic would take the newest one of the same host, path and tags, whoever wrote it:
 * files whose times fit the parent are taken from it unread. So it is named, from a signed point, or every file is read. Pure.
 */
import type { CatalogEntry } from '../points/catalog/types.ts';
import { isCompromised } from '../points/marks.ts';

/** By workload: the id of its newest snapshot that a trusted point names. */
export type Parents = ReadonlyMap<string, string>;

/** Workloads change rarely: whoever was not copied for this many points is read as a whole. */
const LOOK_BACK = 400;

/** @param entries of one repository, in the order of the chain */
export function parentsOf(entries: readonly CatalogEntry[]): Parents {
  const parents = new Map<string, string>();
  for (const entry of entries.slice(-LOOK_BACK)) {
    if (entry.trust !== 'ok' || isCompromised(entry)) continue;
    for (const capture of entry.point.captures)
      if (capture.engine === 'restic') parents.set(capture.workload, capture.snapshot);
  }
  return parents;
}
