/**
 * What a backup is compared with or built on: only what a signed point names. restic would take the newest snapshot of the same host, path
 * and tags, whoever wrote it, and take unchanged files from it unread. Without a parent every file is read. Pure.
 */
import type { CatalogEntry } from '../points/catalog/types.ts';
import { isCompromised } from '../points/marks.ts';
import { isPostgres } from '../points/point.ts';

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

/** Labels of the lineage's sets that trusted points name. */
export function signedSets(entries: readonly CatalogEntry[], lineage: string): Set<string> {
  const trusted = entries.filter((entry) => entry.trust === 'ok' && !isCompromised(entry));
  const captures = trusted.slice(-LOOK_BACK).flatMap(({ point }) => point.captures.filter(isPostgres));
  return new Set(captures.filter((capture) => capture.lineage === lineage).map(({ set }) => set));
}
