/**
 * The order of points and copies. Clocks jump, so it is that of the catalog's chain: each point has a number and names the one before
 * it. A point without a number (of version 0.1) has its place by the link alone. Pure.
 */
import type { DocumentRecord } from './document.ts';
import type { CatalogEntry } from './types.ts';
import type { Copy } from './window.ts';

type Link = Pick<DocumentRecord, 'key' | 'digest' | 'previous' | 'state' | 'sequence'>;

/** Each point after the one that it names, else by key. Altered points count by their key alone. */
function byLinks<T extends Link>(records: readonly T[]): T[] {
  const byDigest = new Map(records.filter(({ state }) => state === 'ok').map((record) => [record.digest, record]));
  const placed = new Set<T>();
  for (const record of records) {
    // From the record back to what is placed already: a loop ends, because no digest can name itself.
    const open: T[] = [];
    let next: T | undefined = record;
    while (next !== undefined && !placed.has(next)) {
      open.push(next);
      next = next.state === 'ok' && next.previous !== null ? byDigest.get(next.previous) : undefined;
    }
    for (const each of open.reverse()) placed.add(each);
  }
  return [...placed];
}

/** @param records sorted by key */
export function chainOrder<T extends Link>(records: readonly T[]): T[] {
  const linked = byLinks(records);
  let last = 0;
  const numbered = linked.map((record) => {
    const own = record.state === 'ok' ? record.sequence : null;
    // Older versions write no number: such a point follows the one that it names.
    if (own === null) return { record, at: last };
    last = own;
    return { record, at: own };
  });
  return numbered.sort((a, b) => a.at - b.at).map(({ record }) => record);
}

/** True when `earlier` was complete before the run of `later` began. Expects them in the order of the chain. */
function wasBefore(earlier: Copy, later: Copy): boolean {
  const [a, b] = [earlier.entry.outline, later.entry.outline];
  if (a.sequence === undefined || b.sequence === undefined) return earlier.at <= later.at;
  return a.sequence <= (b.after ?? b.sequence - 1);
}

/** The last of the chain. Of runs that overlapped, the copy that was made later. Expects the order of the chain. */
export function newestCopy(copies: readonly Copy[]): Copy | undefined {
  return copies.reduce<Copy | undefined>(
    (best, copy) => (best === undefined || wasBefore(best, copy) || copy.at >= best.at ? copy : best),
    undefined,
  );
}

/**
 * The newest copy that is dated at or before `limit` (milliseconds since 1970) and was made before any that is dated after it: where a
 * clock went back, a date occurs twice, and the first one is meant, as for PostgreSQL's replay. Expects the order of the chain.
 */
export function newestUpTo(copies: readonly Copy[] | undefined, limit = Number.POSITIVE_INFINITY): Copy | undefined {
  const first = copies?.find((copy) => copy.at > limit && copy.entry.outline.sequence !== undefined);
  const within = copies?.filter((copy) => copy.at <= limit && (first === undefined || !isAfter(first, copy)));
  return newestCopy(within ?? []);
}

function isAfter(first: Copy, copy: Copy): boolean {
  const { sequence = 0 } = first.entry.outline;
  const own = copy.entry.outline;
  return own.sequence !== undefined && sequence <= (own.after ?? own.sequence - 1);
}

/** Id of a point → its place in the chain of one repository. */
export type ChainPlaces = ReadonlyMap<string, number>;

export function placesOf(entries: readonly Pick<CatalogEntry, 'outline'>[]): ChainPlaces {
  return new Map(entries.map(({ outline }, n) => [outline.id, n]));
}

/**
 * True when the point `id` was written after `than`. One run has the same id in every repository, so a repository that holds both knows
 * their order; without one their dates have to do.
 */
export function isNewerPoint(id: string, than: string, chains: readonly ChainPlaces[]): boolean {
  for (const places of chains) {
    const [a, b] = [places.get(id), places.get(than)];
    if (a !== undefined && b !== undefined) return a > b;
  }
  return id > than;
}
