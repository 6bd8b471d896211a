/** The moments to which each workload, and the whole platform, can be recovered from one repository. */
import { isCompromised } from '../marks.ts';
import type { Capture } from '../point.ts';
import type { CaptureOutline } from './outline.ts';
import type { CatalogEntry } from './types.ts';

/** How far the archived WAL of a lineage reaches. */
export interface WalEnd {
  /** Moment of the last commit that can be reached. */
  readonly time: Date;
  readonly lsn?: string;
}

/** Undefined where it is unknown. */
export type WalEnds = (lineage: string) => WalEnd | undefined;

export interface Window {
  readonly from: Date;
  readonly to: Date;
}

export interface LineageWindow extends Window {
  /** `<site>-<generation>`: PostgreSQL can be replayed to any moment within one, never across two. */
  readonly lineage: string;
  /** The end of the WAL is unknown, so `to` is the end of the newest set. */
  readonly walUnknown: boolean;
}

export interface WorkloadWindow extends Window {
  readonly workload: string;
  readonly captures: number;
  /** PostgreSQL only, oldest first. */
  readonly lineages?: readonly LineageWindow[];
}

export interface RecoverableWindow {
  /** Sorted by name. */
  readonly workloads: readonly WorkloadWindow[];
  /**
   * Moments to which all of these workloads can be recovered: from when each has a copy to the end of PostgreSQL's WAL (without
   * PostgreSQL: the newest copy). Absent when there is no such moment; single points can still be restored.
   */
  readonly platform?: Window;
}

/** A restorable copy, with the point that lists it. */
export interface Copy {
  /** Its point is parsed at the first access. */
  readonly capture: Capture;
  readonly entry: CatalogEntry;
  /** Milliseconds since 1970 of `capturedAt`. */
  readonly at: number;
  /** PostgreSQL only. */
  readonly lineage: string | undefined;
  /** It holds much less than the one before. */
  readonly suspect: boolean;
}

class ListedCopy implements Copy {
  readonly entry: CatalogEntry;
  readonly at: number;
  readonly lineage: string | undefined;
  readonly suspect: boolean;
  readonly #place: number;

  constructor(entry: CatalogEntry, place: number, { at, postgres, suspect }: CaptureOutline) {
    this.entry = entry;
    this.at = at;
    this.lineage = postgres?.lineage;
    this.suspect = suspect === true;
    this.#place = place;
  }

  get capture(): Capture {
    const capture = this.entry.point.captures[this.#place];
    if (capture === undefined) throw new RangeError(`${this.entry.outline.id} has no capture ${this.#place}`);
    return capture;
  }
}

/** Copies by workload, in the order of the entries: that of the chain. */
export function copiesByWorkload(entries: readonly CatalogEntry[]): Map<string, Copy[]> {
  const copies = new Map<string, Copy[]>();
  for (const entry of entries) {
    for (const [place, outline] of entry.outline.captures.entries()) {
      const copy = new ListedCopy(entry, place, outline);
      const known = copies.get(outline.workload);
      if (known) known.push(copy);
      else copies.set(outline.workload, [copy]);
    }
  }
  return copies;
}

function lineagesOf(copies: readonly Copy[], walEnds: WalEnds): LineageWindow[] {
  const windows = new Map<string, LineageWindow>();
  for (const { lineage, at } of copies) {
    if (lineage === undefined) continue;
    const known = windows.get(lineage);
    const [from, to] = [Math.min(at, known?.from.getTime() ?? at), Math.max(at, known?.to.getTime() ?? at)];
    windows.set(lineage, { lineage, from: new Date(from), to: new Date(to), walUnknown: true });
  }
  return [...windows.values()].map((window) => {
    const end = walEnds(window.lineage)?.time;
    if (end === undefined) return window;
    return { ...window, to: new Date(Math.max(end.getTime(), window.to.getTime())), walUnknown: false };
  });
}

function windowOf(workload: string, copies: readonly Copy[], walEnds: WalEnds): WorkloadWindow | undefined {
  if (copies.length === 0) return undefined;
  const dates = copies.map(({ at }) => at);
  const from = dates.reduce((a, b) => Math.min(a, b));
  const to = dates.reduce((a, b) => Math.max(a, b));
  const window = { workload, captures: copies.length, from: new Date(from), to: new Date(to) };
  const lineages = lineagesOf(copies, walEnds);
  const [newest] = lineages.toSorted((a, b) => b.to.getTime() - a.to.getTime());
  return newest ? { ...window, to: newest.to, lineages } : window;
}

function platformOf(windows: readonly WorkloadWindow[]): Window | undefined {
  if (windows.length === 0) return undefined;
  const from = new Date(Math.max(...windows.map((w) => w.from.getTime())));
  const bounding = windows.filter((w) => w.lineages !== undefined);
  const to = new Date(Math.max(...(bounding.length > 0 ? bounding : windows).map((w) => w.to.getTime())));
  return from <= to ? { from, to } : undefined;
}

/** Points that were altered, can't be verified, or are marked compromised do not count. */
export function recoverableWindow(
  entries: readonly CatalogEntry[],
  walEnds: WalEnds = () => undefined,
): RecoverableWindow {
  const trusted = entries.filter((entry) => entry.trust === 'ok' && !isCompromised(entry));
  const workloads = [...copiesByWorkload(trusted)]
    .map(([workload, copies]) => windowOf(workload, copies, walEnds))
    .filter((window) => window !== undefined)
    .sort((a, b) => (a.workload < b.workload ? -1 : 1));
  const platform = platformOf(workloads);
  return { workloads, ...(platform ? { platform } : {}) };
}
