/** How long the least recently read data of a repository has not been read. By its catalog alone. Pure. */
import { type Duration, seconds } from '../../plan/duration.ts';
import type { CatalogEntry } from './catalog/types.ts';
import { isPostgres } from './point.ts';
import { everyPart, partsOf, readState, setReadAt } from './reads.ts';

export interface Unread {
  /** Since when something in the repository has not been read: its last reading, or when it was written. */
  readonly since: Date;
  /** `12 of 22 parts of the files`, `backup set …` */
  readonly what: string;
}

interface Seen {
  readonly at: Date;
  readonly what: string;
}

/** The label of a full set, which begins the label of each set that is built on it. */
export const chainOf = (set: string): string => set.split('_')[0] ?? set;

/** The last set of each chain needs the full one and what changed since: reading it reads the chain. */
function chainEnds(entries: readonly CatalogEntry[]): { lineage: string; set: string; endedAt: Date }[] {
  const ends = new Map<string, { lineage: string; set: string; endedAt: Date }>();
  for (const { point } of entries)
    for (const { lineage, set, capturedAt } of point.captures.filter(isPostgres)) {
      const known = ends.get(`${lineage}/${chainOf(set)}`);
      if (known === undefined || known.set < set)
        ends.set(`${lineage}/${chainOf(set)}`, { lineage, set, endedAt: new Date(capturedAt) });
    }
  return [...ends.values()];
}

/** Undefined for a repository without trusted points. */
export function longestUnread(entries: readonly CatalogEntry[], readAll: Duration): Unread | undefined {
  const trusted = entries.filter(({ trust }) => trust === 'ok');
  const parts = partsOf(readAll);
  const state = readState(trusted, parts);
  const seen: Seen[] = chainEnds(trusted).map(({ lineage, set, endedAt }) => ({
    at: setReadAt(state, lineage, set, endedAt) ?? endedAt,
    what: `backup set ${set} of ${lineage}`,
  }));
  const firstFiles = trusted.find(({ point }) => point.captures.some((capture) => !isPostgres(capture)));
  if (firstFiles !== undefined) {
    const begun = Date.parse(firstFiles.point.startedAt);
    const times = everyPart(parts).map((part) => state.parts.get(part)?.getTime() ?? begun);
    const oldest = Math.min(...times);
    const late = times.filter((at) => at === oldest).length;
    seen.push({ at: new Date(oldest), what: `${late} of ${parts} parts of the files` });
  }
  if (seen.length === 0) return undefined;
  const { at, what } = seen.reduce((a, b) => (a.at <= b.at ? a : b));
  return { since: at, what };
}

/** True where a whole pass is late. */
export function isOverdue({ since }: Unread, readAll: Duration, now: Date): boolean {
  return now.getTime() - since.getTime() > seconds(readAll) * 1000;
}
