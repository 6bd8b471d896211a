/** Marks captures that hold much less than the one before. What a restore laid down since is what the next capture is measured by. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../config/site.ts';
import { hasCode } from '../core/errors.ts';
import { Journal } from '../core/journal.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { lostNamespace } from '../points/namespaces.ts';
import { type Capture, isPostgres } from '../points/point.ts';
import { measures, shrunk } from '../points/shrink.ts';
import { restorePlanSchema } from '../workloads/restore-plan.ts';

/** The captures of the last restore that was finished here, and when. */
async function lastRestored(
  site: Site,
): Promise<{ readonly at: string; readonly captures: readonly Capture[] } | undefined> {
  const journal = await Journal.lastReady(join(site.environment.stateDir, 'journal'));
  const plan = restorePlanSchema.safeParse(journal?.plan).data;
  const at = journal?.entries.at(-1)?.at;
  return plan === undefined || at === undefined
    ? undefined
    : { at, captures: plan.items.map(({ capture }) => capture) };
}

/** Names of the restores that have begun here. A backup that one of them overlaps has copied half of it. */
export async function restoresBegun(site: Site): Promise<ReadonlySet<string>> {
  const names = await readdir(join(site.environment.stateDir, 'journal')).catch((error: unknown): string[] => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  return new Set(names.filter((name) => name.startsWith('restore-')));
}

/** The captures again, each suspect one with its reason. A table that lost its rows is in the set of the same run too. */
export async function markSuspects(
  site: Site,
  captures: readonly Capture[],
  entries: readonly CatalogEntry[],
): Promise<Capture[]> {
  const { shrink } = site.plan.safeguards;
  const before = measures(entries);
  const restored = await lastRestored(site);
  const reasonFor = (capture: Capture): string | undefined => {
    const measure = before.get(capture.workload);
    const laid = restored?.captures.find(({ workload }) => workload === capture.workload);
    const newer = restored !== undefined && (measure === undefined || measure.endedAt < restored.at) ? laid : undefined;
    const than = newer ?? measure?.capture;
    return than && (lostNamespace(than, capture) ?? shrunk(than, capture, shrink));
  };
  const reasons = new Map(captures.map((capture) => [capture.workload, reasonFor(capture)]));
  const dump = captures.find((capture) => !isPostgres(capture) && hasRows(capture));
  const rows = dump && reasons.get(dump.workload);
  return captures.map((capture) => {
    const suspect = reasons.get(capture.workload) ?? (isPostgres(capture) ? rows : undefined);
    return suspect === undefined ? capture : { ...capture, suspect };
  });
}

function hasRows(capture: Exclude<Capture, { engine: 'pgbackrest' }>): boolean {
  return Object.keys(capture.facts).some((name) => name.startsWith('rows:'));
}
