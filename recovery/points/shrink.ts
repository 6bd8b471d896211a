/** Captures that hold much less than the one before: an emptied store is copied without an error, and its copy is no better. Pure. */
import { formatBytes, formatCount, formatPercent } from '../report/format.ts';
import { newestCopy } from './catalog/order.ts';
import type { CatalogEntry } from './catalog/types.ts';
import { copiesByWorkload } from './catalog/window.ts';
import { isCompromised, isVouched } from './marks.ts';
import { type Capture, type CaptureFacts, isPostgres } from './point.ts';

/** Facts that count something: keys of Redis, objects of a cluster, rows of a table, bytes of a database. */
const COUNTED = /^(?:keys|objects|rows:.+|bytes:.+)$/;
/** A handful of files or a few bytes change by themselves; what is empty now and was not is a loss at any size. */
const SMALL_BYTES = 64 * 1024;

interface Amount {
  readonly what: string;
  readonly before: number;
  readonly now: number;
  readonly text: (amount: number) => string;
}

function counts(facts: CaptureFacts): Map<string, number> {
  const rows = Object.entries(facts).filter(([name]) => COUNTED.test(name));
  return new Map(rows.flatMap(([name, value]) => (typeof value === 'number' ? [[name, value] as const] : [])));
}

function amounts(before: Capture, now: Capture): Amount[] {
  const bytes = { what: 'bytes', before: before.bytes, now: now.bytes, text: formatBytes };
  if (isPostgres(before) || isPostgres(now)) return [bytes];
  const [then, found] = [counts(before.facts), counts(now.facts)];
  const counted = [...then].map(([name, value]) => ({
    what: name.replace(/^rows:/, 'rows of ').replace(/^bytes:/, 'of '),
    before: value,
    now: found.get(name) ?? 0,
    text: name.startsWith('bytes:') ? formatBytes : formatCount,
  }));
  // What counts its own content is not judged by its files: a Redis with as many keys may have shorter ones.
  if (counted.length > 0) return counted;
  // git packs thousands of files into one.
  if (now.facts.repositories !== undefined) return [bytes];
  const files = { what: 'files', before: before.objects, now: now.objects, text: formatCount };
  return [files, ...(before.bytes > SMALL_BYTES ? [bytes] : [])];
}

/**
 * Why a capture is suspect; undefined for a good one.
 * @param limit the part that may be gone, 0 to 1
 */
export function shrunk(before: Capture, now: Capture, limit: number): string | undefined {
  const lost = amounts(before, now).find(({ before: had, now: found }) => had > 0 && found < had * (1 - limit));
  if (lost === undefined) return undefined;
  const part = formatPercent(1 - lost.now / lost.before);
  const what = lost.what === 'bytes' ? '' : ` ${lost.what}`;
  return `${lost.text(lost.now)}${what} instead of ${lost.text(lost.before)}, ${part} less`;
}

/**
 * By workload: the newest good capture of the environment, whichever site made it. A suspect one is no measure for the next, unless a
 * person vouched for it (mark `clean`).
 */
export function measures(entries: readonly CatalogEntry[]): Map<string, { capture: Capture; endedAt: string }> {
  const good = copiesByWorkload(entries.filter((entry) => entry.trust === 'ok' && !isCompromised(entry)));
  return new Map(
    [...good].flatMap(([workload, copies]) => {
      const newest = newestCopy(copies.filter(({ suspect, entry }) => !suspect || isVouched(entry)));
      return newest === undefined
        ? []
        : [[workload, { capture: newest.capture, endedAt: newest.entry.outline.endedAt }] as const];
    }),
  );
}
