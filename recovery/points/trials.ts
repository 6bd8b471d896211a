/**
 * Which workloads of a repository were restored to a scratch place, and when. A night can't restore everything, so a weekly trial takes turns.
 * The record is a mark `read` with a note of its own form: signed, in the repository that it is about, and skipped by programs that do not
 * know it. Pure.
 */
import { DAY_SECONDS } from '../../plan/duration.ts';

export interface TrialRecord {
  /** Ids of workloads that came back and passed their checks. */
  readonly well: readonly string[];
  /** Those that did not: they are tried again each time. */
  readonly failed: readonly string[];
  readonly bytes: number;
}

const listed = (name: string, ids: readonly string[]): string => (ids.length === 0 ? '' : ` ${name} ${ids.join(' ')}`);

/** `trial restore: well postgres redis failed uploads; 123 bytes` */
export const trialNote = ({ well, failed, bytes }: TrialRecord): string =>
  `trial restore:${listed('well', well)}${listed('failed', failed)}; ${bytes} bytes`;

const NOTE = /^trial restore:(?: well (.+?))?(?: failed (.+?))?; (\d+) bytes$/;

const words = (text: string | undefined): string[] => (text ?? '').split(' ').filter((word) => word !== '');

/** Undefined for a note of another form. */
export function parseTrialNote(note: string | undefined): TrialRecord | undefined {
  const [, well, failed, bytes] = NOTE.exec(note ?? '') ?? [];
  return bytes === undefined ? undefined : { well: words(well), failed: words(failed), bytes: Number(bytes) };
}

/** What is asked of an entry of a catalog. */
export interface TriedEntry {
  readonly outline: { readonly captures: readonly { readonly workload: string }[] };
  readonly marks: readonly { readonly mark: string; readonly at: string; readonly note?: string }[];
}

interface Trial {
  readonly at: Date;
  readonly well: readonly string[];
  readonly failed: readonly string[];
}

/** A point is marked `verified` with everything that a restore of it brings back: its copies, and of what it lacks those before it. */
function trialsIn(entries: readonly TriedEntry[]): Trial[] {
  const held = new Set<string>();
  return entries
    .flatMap(({ outline, marks }) => {
      for (const { workload } of outline.captures) held.add(workload);
      return marks.flatMap(({ mark, at, note }): Trial[] => {
        if (mark === 'verified') return [{ at: new Date(at), well: [...held], failed: [] }];
        const record = mark === 'read' ? parseTrialNote(note) : undefined;
        return record === undefined ? [] : [{ at: new Date(at), ...record }];
      });
    })
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

export interface TrialState {
  /** When each workload was last restored; absent where never. */
  readonly well: ReadonlyMap<string, Date>;
  /** Failed, and not well since. */
  readonly failed: ReadonlySet<string>;
}

/** @param entries of one repository, oldest first: those that are trusted */
export function trialState(entries: readonly TriedEntry[]): TrialState {
  const well = new Map<string, Date>();
  const failed = new Set<string>();
  for (const trial of trialsIn(entries)) {
    for (const id of trial.well) {
      well.set(id, trial.at);
      failed.delete(id);
    }
    for (const id of trial.failed) failed.add(id);
  }
  return { well, failed };
}

const WEEK_SECONDS = 7 * DAY_SECONDS;
/** All workloads had their turn in four fifths of the time: a week may fail. */
const USED = 0.8;

/**
 * The workloads of this week: those that failed, those that were never restored or would be late before the next week, and the part of the
 * rest that is due.
 * @param within seconds in which each workload is restored once
 */
export function dueTrials(
  { well, failed }: TrialState,
  workloads: readonly string[],
  { within, now }: { readonly within: number; readonly now: Date },
): string[] {
  const at = (id: string): number => well.get(id)?.getTime() ?? Number.NEGATIVE_INFINITY;
  const turns = Math.max(1, Math.floor((within * USED) / WEEK_SECONDS));
  const share = Math.ceil(workloads.length / turns);
  const isLate = (id: string): boolean => now.getTime() - at(id) > (within - WEEK_SECONDS) * 1000;
  const oldest = workloads.toSorted((a, b) => at(a) - at(b)).slice(0, share);
  return workloads.filter((id) => failed.has(id) || isLate(id) || oldest.includes(id));
}
