/** Decides which points of a repository go, and why the others stay. Pure. */
import { goodEntries } from '../points/catalog/good.ts';
import { newestCopy } from '../points/catalog/order.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { type Copy, copiesByWorkload } from '../points/catalog/window.ts';
import { isCompromised, isHeld, isVouched, verifiedAt } from '../points/marks.ts';
import type { PostgresCapture } from '../points/point.ts';

export interface DecideInput {
  /** Oldest first. */
  readonly entries: readonly CatalogEntry[];
  readonly retentionSeconds: number;
  readonly now: Date;
  /** The plan's workloads. The newest copy of any other one is not kept for ever. */
  readonly workloads: ReadonlySet<string>;
  /** Off-site copies: no point needs the data of another one. */
  readonly selfContained?: boolean | undefined;
  /** Points that a restore reads now. */
  readonly leased: ReadonlySet<string>;
  /** The lineage that the running database archives to. @default the newest set's */
  readonly lineage?: string | undefined;
}

export type KeepReason =
  | 'young'
  | 'held'
  | 'leased'
  /** The newest verified one. */
  | 'verified'
  /** The newest complete one of the current lineage, and points with the newest copy of a workload: `latest` must not change. */
  | 'newest'
  /** A restore to the oldest moment within the retention would use it. */
  | 'base'
  /** A remaining set is built on its set. */
  | 'chain'
  /** A remaining point lacks a workload, and this one has the copy that a restore would use. */
  | 'supplier'
  /** Marked compromised, and the WAL of a remaining point leads into it: without its mark a replay would not stop before. */
  | 'warns'
  /** Its signature is bad or can't be verified, so its age and content can't be trusted. */
  | 'untrusted';

/**
 * Reasons that make a set part of the recovery window: a restore that reads it now, or one that it is held for, replays the WAL after it.
 * For other reasons only the set itself is kept.
 */
export const IN_WINDOW: ReadonlySet<KeepReason> = new Set<KeepReason>(['young', 'base', 'newest', 'leased', 'held']);

export interface PointDecision {
  readonly id: string;
  readonly endedAt: string;
  /** Empty for a point that goes. */
  readonly keep: readonly KeepReason[];
}

/** The full set at the start of a set's chain: `20261123-020000F_20261123-030000I` → `20261123-020000F`. */
export function fullOf(set: string): string {
  return set.split('_')[0] ?? set;
}

function setOf(entry: CatalogEntry): PostgresCapture | undefined {
  return entry.point.captures.find((capture) => capture.engine === 'pgbackrest');
}

function endOf(entry: CatalogEntry): number {
  return Date.parse(entry.point.endedAt);
}

const sound = (entry: CatalogEntry): boolean => entry.trust === 'ok' && !isCompromised(entry);

/** An incremental set needs all sets of its chain before it; a differential one only the full. */
function needs(set: string, other: string): boolean {
  if (fullOf(set) !== fullOf(other) || other >= set) return false;
  return other === fullOf(set) || set.endsWith('I');
}

function newestLineage(entries: readonly CatalogEntry[]): string | undefined {
  const newest = entries.findLast((entry) => sound(entry) && setOf(entry) !== undefined);
  return newest && setOf(newest)?.lineage;
}

function newestComplete(entries: readonly CatalogEntry[], lineage: string | undefined): CatalogEntry | undefined {
  const complete = entries.filter((entry) => sound(entry) && entry.point.complete);
  const own = complete.filter((entry) => setOf(entry)?.lineage === lineage && lineage !== undefined);
  return own.at(-1) ?? complete.findLast((entry) => setOf(entry) !== undefined) ?? complete.at(-1);
}

/** A point that was marked compromised after its verification does not count. */
function lastVerified(entries: readonly CatalogEntry[]): CatalogEntry | undefined {
  return entries.findLast((entry) => sound(entry) && verifiedAt(entry) !== undefined);
}

/** The newest of the sorted copies from `oldest` to `limit`. The lower limit lets the copies of a dropped workload go. */
function newestBetween(copies: readonly Copy[], oldest: number, limit: number): Copy | undefined {
  let [low, high] = [0, copies.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((copies[middle]?.at ?? limit) <= limit) low = middle + 1;
    else high = middle;
  }
  const found = copies[low - 1];
  return found !== undefined && found.at >= oldest ? found : undefined;
}

class Keeping {
  readonly reasons: Map<string, Set<KeepReason>>;
  readonly #entries: readonly CatalogEntry[];
  readonly #chains = new Map<string, CatalogEntry[]>();
  /** In the order of the chain, and by date. */
  readonly #copies: ReadonlyMap<string, readonly Copy[]>;
  readonly #byDate: ReadonlyMap<string, readonly Copy[]>;
  readonly #retentionMs: number;
  readonly #good: ReadonlySet<CatalogEntry>;

  constructor(entries: readonly CatalogEntry[], retentionMs: number, now: Date) {
    this.#good = new Set(goodEntries(entries, now));
    this.#entries = entries;
    this.#retentionMs = retentionMs;
    this.reasons = new Map(entries.map((entry) => [entry.point.id, new Set()]));
    for (const entry of entries) {
      const capture = setOf(entry);
      if (capture === undefined) continue;
      const key = `${capture.lineage} ${fullOf(capture.set)}`;
      this.#chains.set(key, [...(this.#chains.get(key) ?? []), entry]);
    }
    this.#copies = copiesByWorkload(entries.filter(sound));
    this.#byDate = new Map([...this.#copies].map(([id, copies]) => [id, copies.toSorted((a, b) => a.at - b.at)]));
  }

  keep(entry: CatalogEntry | undefined, reason: KeepReason): void {
    if (entry !== undefined) this.reasons.get(entry.point.id)?.add(reason);
  }

  isKept(entry: CatalogEntry): boolean {
    return (this.reasons.get(entry.point.id)?.size ?? 0) > 0;
  }

  keepNewest(workloads: ReadonlySet<string>): void {
    for (const [workload, copies] of this.#copies) if (workloads.has(workload)) this.#keepNewestOf(copies);
  }

  /** The newest one, and where that is suspect the newest good one: `latest` is that. */
  #keepNewestOf(copies: readonly Copy[]): void {
    this.keep(newestCopy(copies)?.entry, 'newest');
    const good = copies.filter(({ suspect, entry }) => this.#good.has(entry) && (!suspect || isVouched(entry)));
    this.keep(newestCopy(good)?.entry, 'newest');
  }

  /** Keeps what a restore to this moment would use. */
  keepMoment(moment: number, reason: KeepReason, except: ReadonlySet<string> = new Set()): void {
    for (const [workload, copies] of this.#byDate) {
      if (except.has(workload)) continue;
      this.keep(newestBetween(copies, moment - this.#retentionMs, moment)?.entry, reason);
    }
  }

  keepWarnings(): void {
    const leads = (entry: CatalogEntry): boolean =>
      setOf(entry) !== undefined && [...(this.reasons.get(entry.point.id) ?? [])].some((why) => IN_WINDOW.has(why));
    const first = this.#entries.findIndex(leads);
    if (first === -1) return;
    for (const entry of this.#entries.slice(first + 1)) if (isCompromised(entry)) this.keep(entry, 'warns');
  }

  /** Keeps every remaining point restorable. A supplier only adds data, so what it lacks itself is not kept for it. */
  complete(): void {
    for (const entry of this.#entries.filter((e) => this.isKept(e))) this.#keepSuppliers(entry);
    for (const entry of this.#entries.filter((e) => this.isKept(e))) this.#keepChain(entry);
  }

  #keepChain(entry: CatalogEntry): void {
    const capture = setOf(entry);
    if (capture === undefined) return;
    for (const other of this.#chains.get(`${capture.lineage} ${fullOf(capture.set)}`) ?? []) {
      const set = setOf(other)?.set;
      if (set !== undefined && needs(capture.set, set)) this.keep(other, 'chain');
    }
  }

  #keepSuppliers(entry: CatalogEntry): void {
    const own = new Set(entry.point.captures.map(({ workload }) => workload));
    const moment = Math.max(
      ...entry.point.captures.map(({ capturedAt }) => Date.parse(capturedAt)),
      Date.parse(entry.point.startedAt),
    );
    this.keepMoment(moment, 'supplier', own);
  }
}

/** In the order of `entries`. */
export function decidePrune(input: DecideInput): PointDecision[] {
  const { entries, leased, now } = input;
  const retentionMs = input.retentionSeconds * 1000;
  const cutoff = now.getTime() - retentionMs;
  const keeping = new Keeping(entries, retentionMs, now);
  for (const entry of entries) {
    if (endOf(entry) > cutoff) keeping.keep(entry, 'young');
    // In doubt nothing is removed: a mark that can't be read may be a hold.
    if (isHeld(entry) || entry.unread !== undefined) keeping.keep(entry, 'held');
    if (leased.has(entry.point.id)) keeping.keep(entry, 'leased');
    if (entry.trust !== 'ok') keeping.keep(entry, 'untrusted');
  }
  const good = goodEntries(entries, now);
  const newest = newestComplete(entries, input.lineage ?? newestLineage(entries));
  keeping.keep(newestComplete(good, input.lineage ?? newestLineage(good)), 'newest');
  keeping.keep(lastVerified(entries), 'verified');
  keeping.keep(newest, 'newest');
  keeping.keepNewest(input.workloads);
  keeping.keepMoment(cutoff, 'base');
  if (input.selfContained !== true) {
    keeping.keepWarnings();
    keeping.complete();
  }
  return entries.map(({ point }) => ({
    id: point.id,
    endedAt: point.endedAt,
    keep: [...(keeping.reasons.get(point.id) ?? [])],
  }));
}
