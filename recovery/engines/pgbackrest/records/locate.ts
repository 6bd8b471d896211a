/** Where a target that only the WAL knows lies: a transaction, a restore point, a position. */
import type { Repository, Site } from '../../../config/site.ts';
import { badInput, type DrError } from '../../../core/errors.ts';
import type { Progress } from '../../../core/progress.ts';
import type { CatalogEntry } from '../../../points/catalog/types.ts';
import { formatMicros, type Micros, microsOf } from '../../../points/moment.ts';
import type { Place } from '../../../points/resolve/types.ts';
import { formatTarget, type WalTarget } from '../../../points/target.ts';
import { parseLsn, segmentOfLsn, segmentOfName, timelineOf } from '../../../points/wal-segment.ts';
import { type LineageWal, lineagesIn, openLineage } from './lineage.ts';
import { type WalReader, withWalReader } from './read.ts';
import { type EndOfTransaction, endOfTransaction, nextXidOf, restorePointOf, type WalRecord } from './record.ts';
import { gapsOf } from './runs.ts';

export interface LocateRequest {
  /** The repository, or a copy of its state at a moment. */
  readonly repository: Repository;
  readonly entries: readonly CatalogEntry[];
  readonly target: WalTarget;
  readonly now: Date;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Segments without a commit: nobody writes, and `archive_timeout` ships them all the same. */
const IDLE_SEGMENTS = 24;

/**
 * The newest lineage that holds the target. Reads from its newest segment back, and stops where the transaction had not begun.
 * Throws `TARGET-UNREACHABLE` (exit 2) with what was searched, and `TARGET-AMBIGUOUS` for a transaction's number that two lineages have.
 */
export async function locateTarget(site: Site, request: LocateRequest): Promise<Place> {
  const { repository, entries, target, signal } = request;
  const lineages = lineagesIn(entries).reverse();
  const searched: string[] = [];
  /** By position: a lineage begins with a copy of the segment in which it left the one before. */
  const places = new Map<string, Place>();
  for (const each of lineages) {
    const wal = await openLineage(site, repository, each, signal);
    const found = await withWalReader(wal.source, (reader) => locateIn(wal, reader, request));
    searched.push(extentOf(wal));
    if (found === undefined) continue;
    const isReachable = wal.sets.some(({ lsnStop }) => parseLsn(lsnStop) <= parseLsn(found.lsn));
    if (isReachable && target.kind !== 'xid') return found;
    if (isReachable || !places.has(found.lsn)) places.set(found.lsn, found);
  }
  const [place] = places.values();
  if (place === undefined) throw notFound(repository, target, searched);
  // After a restore the numbers go on from before it: the same one is another transaction there.
  if (target.kind === 'xid' && places.size > 1) throw ambiguous(repository, target, [...places.values()]);
  return place;
}

function ambiguous({ id }: Repository, target: WalTarget, places: readonly Place[]): DrError {
  const each = places.map(({ lsn, lineage, at }) => `at ${lsn} of ${lineage} (${formatMicros(at)})`);
  return badInput({
    code: 'TARGET-AMBIGUOUS',
    where: `target in ${id}`,
    fact: `${formatTarget(target)} is ${places.length} transactions, because numbers repeat after a restore: ${each.join(', ')}`,
    hint: `name the place: ${places.map(({ lsn }) => `lsn:${lsn}`).join(' or ')} (\`dr find\` says what each of them did)`,
  });
}

function extentOf({ lineage, stretches, source }: LineageWal): string {
  const [first, last] = [stretches[0]?.[0], stretches.at(-1)?.at(-1)];
  if (first === undefined || last === undefined) return `${lineage} (no WAL)`;
  const gaps = gapsOf(stretches, source.segmentBytes).map(({ from, to }) => (from === to ? from : `${from} to ${to}`));
  const missing = gaps.length === 0 ? '' : `; missing: ${gaps.join(', ')}`;
  return `${lineage} (segments ${first} to ${last}${missing})`;
}

const WHAT = {
  xid: ({ xid }: { xid: string }) => `no transaction ${xid} ended`,
  lsn: ({ lsn }: { lsn: string }) => `the position ${lsn} is not`,
  name: ({ name }: { name: string }) => `there is no restore point "${name}"`,
};

function notFound({ id }: Repository, target: WalTarget, searched: readonly string[]): DrError {
  const what = target.kind === 'xid' ? WHAT.xid(target) : target.kind === 'lsn' ? WHAT.lsn(target) : WHAT.name(target);
  const where = searched.length === 0 ? 'no set of pgBackRest' : `the archived WAL of ${searched.join(', ')}`;
  const hint =
    target.kind === 'name'
      ? '`dr points name` lists the names that this host has made; name another repository with --from'
      : '`dr find` lists what the WAL holds; name another repository with --from';
  return badInput({
    code: 'TARGET-UNREACHABLE',
    where: `target in ${id}`,
    fact: searched.length === 0 ? `${id} holds ${where}` : `${what} in ${where}`,
    hint,
  });
}

async function locateIn(wal: LineageWal, reader: WalReader, request: LocateRequest): Promise<Place | undefined> {
  const { target } = request;
  if (target.kind === 'lsn') return locateLsn(wal, reader, target.lsn, request);
  return target.kind === 'xid'
    ? locateXid(wal, reader, target.xid, request)
    : locateName(wal, reader, target.name, request);
}

interface Visit {
  readonly segment: string;
  readonly records: (onRecord: (record: WalRecord) => void) => Promise<void>;
}

/** From the newest segment back, until the visitor has seen enough. */
async function backwards(
  { stretches, lineage }: LineageWal,
  reader: WalReader,
  { progress, target }: LocateRequest,
  visit: (visit: Visit) => Promise<boolean>,
): Promise<void> {
  const event = { step: 'target/locate', title: `look for ${formatTarget(target)} in the WAL of ${lineage}` };
  const total = stretches.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  progress({ ...event, state: 'start' });
  for (const stretch of stretches.toReversed()) {
    for (let n = stretch.length - 1; n >= 0; n -= 1) {
      const segment = stretch[n];
      if (segment === undefined) continue;
      progress({ ...event, state: 'progress', detail: segment, fraction: done / total });
      const records: Visit['records'] = async (onRecord) => {
        await reader.read([segment], stretch[n + 1], onRecord);
      };
      done += 1;
      if (await visit({ segment, records })) {
        progress({ ...event, state: 'done' });
        return;
      }
    }
  }
  progress({ ...event, state: 'done' });
}

/** By a transaction's number as PostgreSQL compares it: 32 bits, around which they go. */
const isAtOrAfter = (xid: number, other: number): boolean => ((xid - other) | 0) >= 0;

async function locateXid(
  wal: LineageWal,
  reader: WalReader,
  xid: string,
  request: LocateRequest,
): Promise<Place | undefined> {
  let found: { end: EndOfTransaction; lsn: string; segment: string } | undefined;
  await backwards(wal, reader, request, async ({ segment, records }) => {
    let notBegun = false;
    await records((record) => {
      const next = nextXidOf(record);
      if (next !== undefined && isAtOrAfter(Number(xid), next)) notBegun = true;
      const end = endOfTransaction(record);
      // The abort of a savepoint is not the end of its transaction.
      if (end !== undefined && (end.xid === xid || (end.kind === 'commit' && end.inside.includes(xid))))
        found ??= { end, lsn: record.lsn, segment };
    });
    return found !== undefined || notBegun;
  });
  if (found === undefined) return undefined;
  const { end, lsn, segment } = found;
  if (end.kind === 'abort') {
    throw badInput({
      code: 'TARGET-UNREACHABLE',
      where: `target in ${request.repository.id}`,
      fact: `transaction ${xid} was rolled back: it changed nothing`,
      hint: '`dr find` names the transactions that did',
    });
  }
  const { lineage } = wal;
  const xids = [end.xid, ...end.inside];
  return { lineage, timeline: timelineOf(segment), lsn, inclusive: false, at: end.at - 1, xids };
}

async function locateName(
  wal: LineageWal,
  reader: WalReader,
  name: string,
  request: LocateRequest,
): Promise<Place | undefined> {
  let found: { lsn: string; segment: string } | undefined;
  await backwards(wal, reader, request, async ({ segment, records }) => {
    await records((record) => {
      // The newest of several by this name: PostgreSQL itself would stop at the first.
      if (restorePointOf(record) === name) found = { lsn: record.lsn, segment };
    });
    return found !== undefined;
  });
  if (found === undefined) return undefined;
  const { lsn, segment } = found;
  const at = (await commitAfter(wal, reader, segment, lsn)) ?? microsOf(request.now);
  return { lineage: wal.lineage, timeline: timelineOf(segment), lsn, inclusive: true, at: at - 1 };
}

async function locateLsn(
  wal: LineageWal,
  reader: WalReader,
  lsn: string,
  request: LocateRequest,
): Promise<Place | undefined> {
  const { stretches, sets, source, lineage } = wal;
  const number = segmentOfLsn(lsn, source.segmentBytes);
  // Generations of a site repeat positions: what was before this lineage's first set is of the one before.
  if (!sets.some(({ lsnStop }) => parseLsn(lsnStop) <= parseLsn(lsn))) return undefined;
  const stretch = stretches.find((names) => names.some((name) => segmentOfName(name, source.segmentBytes) === number));
  const place = stretch?.findIndex((name) => segmentOfName(name, source.segmentBytes) === number) ?? -1;
  const segment = stretch?.[place];
  if (stretch === undefined || segment === undefined) return undefined;
  // Replay stops before the first record at or after the position: there must be one.
  let isReached = stretch[place + 1] !== undefined;
  if (!isReached)
    await reader.read([segment], undefined, (record) => {
      if (parseLsn(record.lsn) >= parseLsn(lsn)) isReached = true;
    });
  if (!isReached) return undefined;
  const at = (await commitAfter(wal, reader, segment, lsn)) ?? microsOf(request.now);
  return { lineage, timeline: timelineOf(segment), lsn, inclusive: false, at: at - 1 };
}

/** The time of the first commit at or after a position; undefined where none follows, or only after a long silence. */
async function commitAfter(
  { stretches }: LineageWal,
  reader: WalReader,
  segment: string,
  lsn: string,
): Promise<Micros | undefined> {
  const stretch = stretches.find((names) => names.includes(segment)) ?? [];
  const from = stretch.indexOf(segment);
  for (let n = from; n < Math.min(stretch.length, from + IDLE_SEGMENTS); n += 1) {
    const name = stretch[n];
    if (name === undefined) break;
    let at: Micros | undefined;
    await reader.read([name], stretch[n + 1], (record) => {
      const end = endOfTransaction(record);
      if (at === undefined && end?.kind === 'commit' && parseLsn(record.lsn) >= parseLsn(lsn)) at = end.at;
    });
    if (at !== undefined) return at;
  }
  return undefined;
}
