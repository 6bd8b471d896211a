/** Which archived segments a search reads: those between two moments, without reading all that lie before. */
import type { OpenedWal } from '../engines/pgbackrest/records/lineage.ts';
import type { WalReader } from '../engines/pgbackrest/records/read.ts';
import { endOfTransaction } from '../engines/pgbackrest/records/record.ts';
import type { Stretch } from '../engines/pgbackrest/records/runs.ts';
import type { Micros } from '../points/moment.ts';

/** Segments without a commit that are looked through before a guess is given up. */
const IDLE_SEGMENTS = 24;

/** The first commit in or after a segment, at most so many segments on. */
async function commitFrom(reader: WalReader, stretch: Stretch, from: number): Promise<Micros | undefined> {
  for (let n = from; n < Math.min(stretch.length, from + IDLE_SEGMENTS); n += 1) {
    const segment = stretch[n];
    if (segment === undefined) return undefined;
    let at: Micros | undefined;
    await reader.read([segment], stretch[n + 1], (record) => {
      if (at === undefined) at = endOfTransaction(record)?.at;
    });
    if (at !== undefined) return at;
  }
  return undefined;
}

/** Fewer are read through at once. */
const SHORT = 8;

/** The part of a stretch that begins before the moment and leaves out as much as a few looks can tell. */
async function partSince(reader: WalReader, stretch: Stretch, since: Micros): Promise<Stretch> {
  let [low, high] = [0, stretch.length];
  while (high - low > SHORT) {
    const middle = Math.floor((low + high) / 2);
    const at = await commitFrom(reader, stretch, middle);
    if (at !== undefined && at < since) low = middle;
    else high = middle;
  }
  // A transaction that ends after the moment may have begun before it, and clocks are not exact.
  return stretch.slice(Math.max(0, low - 1));
}

/** The stretches of a lineage that may hold commits since then, oldest first. */
export async function stretchesSince(
  wal: Pick<OpenedWal, 'stretches'>,
  reader: WalReader,
  since: Micros,
): Promise<Stretch[]> {
  const parts: Stretch[] = [];
  for (const stretch of wal.stretches.toReversed()) {
    const part = await partSince(reader, stretch, since);
    parts.unshift(part);
    if (part.length < stretch.length) break;
  }
  return parts;
}
