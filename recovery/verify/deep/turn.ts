/** What a scheduled trial restores this week, and the record of what it has restored. */
import { trialWithin } from '../../../plan/people/calendar.ts';
import { isConfigured } from '../../config/selection.ts';
import type { Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import { accountName } from '../../core/holder.ts';
import type { Catalog, CatalogEntry } from '../../points/catalog/types.ts';
import { dueTrials, type TrialRecord, trialNote, trialState } from '../../points/trials.ts';
import type { Reading } from '../reading/reading.ts';
import { holderOf } from '../reading/record.ts';

/** Ids of the workloads whose turn it is; undefined: all of them. */
export function turnOf(
  { plan, environment }: Site,
  repository: string,
  asked: { readonly entries: readonly CatalogEntry[]; readonly reading: Reading; readonly now: Date },
): readonly string[] | undefined {
  if (asked.reading.kind !== 'scheduled') return undefined;
  const own = plan.workloads.filter(
    (each) => isConfigured(environment, each) && each.repositories.includes(repository),
  );
  const trusted = asked.entries.filter(({ trust }) => trust === 'ok');
  const ids = own.map(({ id }) => id);
  return dueTrials(trialState(trusted), ids, { within: trialWithin(plan), now: asked.now });
}

/** Marks go with their point, so the record is on the one that stays longest. */
export async function recordTrial(
  site: Site,
  catalog: Catalog,
  { entries, ...record }: TrialRecord & { readonly entries: readonly CatalogEntry[] },
): Promise<void> {
  const point = holderOf(entries);
  if (point === undefined || record.well.length + record.failed.length === 0) return;
  try {
    await catalog.mark(point, 'read', accountName(), trialNote(record));
  } catch (error) {
    // A repository that is mounted read-only is tried all the same; this host remembers it by its log of runs.
    if (!(error instanceof DrError)) throw error;
    site.log.warn({ repository: catalog.repository.id, error: error.message }, 'what was restored is not remembered');
  }
}
