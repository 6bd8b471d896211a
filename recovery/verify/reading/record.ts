/** What was read back is remembered in the repository itself, by a signed mark on one of its points. */
import { type Duration, formatDuration, seconds } from '../../../plan/duration.ts';
import type { Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import { accountName } from '../../core/holder.ts';
import type { Catalog, CatalogEntry } from '../../points/catalog/types.ts';
import { isOverdue, longestUnread } from '../../points/read-overdue.ts';
import { partsOf, readNote, readState } from '../../points/reads.ts';
import type { Finding } from '../types.ts';
import type { BytesRead, KnownReading, PacksRead, Reading, SetsRead } from './reading.ts';

export function knownReading(
  { plan }: Site,
  entries: readonly CatalogEntry[],
  { reading, now }: { readonly reading: Reading; readonly now: Date },
): KnownReading {
  const { readAll } = plan.safeguards;
  const parts = partsOf(readAll);
  const trusted = entries.filter(({ trust }) => trust === 'ok');
  return { ...reading, state: readState(trusted, parts), parts, seconds: seconds(readAll), now };
}

/** The newest full point: marks go with their point, and this one stays longest. */
export function holderOf(entries: readonly CatalogEntry[]): string | undefined {
  const trusted = entries.filter(({ trust }) => trust === 'ok');
  const full = trusted.findLast(({ outline }) => outline.kind === 'full');
  return (full ?? trusted.at(-1))?.outline.id;
}

interface Done {
  readonly reading: KnownReading;
  readonly files: { readonly read?: PacksRead };
  readonly postgres: { readonly read: SetsRead };
  readonly entries: readonly CatalogEntry[];
}

/** Scheduled readings, those of everything, and damage, which the next one must look at again. */
function isWorthMarking({ reading, files, postgres }: Done): boolean {
  const isPart = reading.kind === 'percent' && reading.percent < 100;
  const isDamaged = (files.read?.packs.again.length ?? 0) + postgres.read.sets.again.length > 0;
  return !isPart || isDamaged;
}

export async function recordRead(site: Site, catalog: Catalog, done: Done): Promise<BytesRead> {
  const { reading, files, postgres, entries } = done;
  const point = holderOf(entries);
  const { packs = { well: [], again: [] }, until, count = 0, bytes = 0 } = files.read ?? {};
  const all = { parts: reading.parts, packs, sets: postgres.read.sets, bytes: bytes + postgres.read.bytes };
  const note = readNote({ ...all, ...(until === undefined ? {} : { until }) });
  let known: readonly CatalogEntry[] = entries;
  if (point !== undefined && isWorthMarking(done)) {
    const own = { mark: 'read', at: reading.now.toISOString(), by: accountName(), note } as const;
    known = entries.map((entry) => (entry.outline.id === point ? { ...entry, marks: [...entry.marks, own] } : entry));
    try {
      await catalog.mark(point, 'read', own.by, note);
    } catch (error) {
      // A repository that is mounted read-only is verified all the same.
      if (!(error instanceof DrError)) throw error;
      site.log.warn({ repository: catalog.repository.id, error: error.message }, 'what was read is not remembered');
    }
  }
  const { readAll } = site.plan.safeguards;
  const unread = longestUnread(known, readAll);
  const shown = unread && {
    since: unread.since.toISOString(),
    what: unread.what,
    overdue: isOverdue(unread, readAll, reading.now),
  };
  return {
    bytes: all.bytes,
    packs: count,
    sets: [...postgres.read.sets.well, ...postgres.read.sets.again],
    ...(shown === undefined ? {} : { unread: shown }),
  };
}

/** A note: it says nothing of the data, only that nobody has looked. */
export function overdueFindings(repository: string, readAll: Duration, read: BytesRead | undefined): Finding[] {
  if (read?.unread?.overdue !== true) return [];
  const { what, since } = read.unread;
  return [
    {
      repository,
      area: 'reading',
      severity: 'note',
      code: 'READ-OVERDUE',
      what,
      fact: `was not read back since ${since}; the plan allows ${formatDuration(seconds(readAll))} (safeguards.readAll)`,
      hint: 'run `dr verify --scheduled` each night, or read everything now: dr verify --all',
      points: [],
    },
  ];
}
