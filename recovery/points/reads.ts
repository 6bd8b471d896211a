/**
 * What of a repository's data has been read back, and when. A night can't read hundreds of gigabytes, so each reads what is new and a part
 * of the rest. The record is a mark: signed, and in the repository that it is about. Pure.
 */
import { DAY_SECONDS, type Duration, seconds } from '../../plan/duration.ts';

/** Names of what was read and is well, and of what is damaged: that is read again until it is well. */
export interface Read<T> {
  readonly well: readonly T[];
  readonly again: readonly T[];
}

export interface ReadRecord {
  /** In how many parts restic's packs are divided: 1, or as the plan says. */
  readonly parts: number;
  /** Numbers of parts, from 1. */
  readonly packs: Read<number>;
  /** Packs that were written up to then were new in this or an earlier reading. Absent where they were not read. */
  readonly until?: string;
  /** `<lineage>/<label>` of a backup set, and `<lineage>/*` for all that a lineage had. */
  readonly sets: Read<string>;
  readonly bytes: number;
}

const listed = (name: string, names: readonly (string | number)[]): string =>
  names.length === 0 ? '' : ` ${name} ${names.join(' ')}`;

/** As the note of a mark, for people too: `22 parts of packs: well 5 until 2026-…; sets: well first-1/20261123-020000F; 123 bytes`. */
export function readNote({ parts, packs, until, sets, bytes }: ReadRecord): string {
  const files = `${parts} parts of packs:${listed('well', packs.well)}${listed('again', packs.again)}`;
  return `${files}${until === undefined ? '' : ` until ${until}`}; sets:${listed('well', sets.well)}${listed('again', sets.again)}; ${bytes} bytes`;
}

const NOTE =
  /^(\d+) parts of packs:(?: well([ \d]+?))?(?: again([ \d]+?))?(?: until (\S+))?; sets:(?: well (.*?))?(?: again (.*?))?; (\d+) bytes$/;

const words = (text: string | undefined): string[] => (text ?? '').split(' ').filter((word) => word !== '');

/** Undefined for a note of another form. */
export function parseReadNote(note: string | undefined): ReadRecord | undefined {
  const [, parts, well, again, until, sets, setsAgain, bytes] = NOTE.exec(note ?? '') ?? [];
  if (parts === undefined || bytes === undefined) return undefined;
  return {
    parts: Number(parts),
    packs: { well: words(well).map(Number), again: words(again).map(Number) },
    ...(until === undefined ? {} : { until }),
    sets: { well: words(sets), again: words(setsAgain) },
    bytes: Number(bytes),
  };
}

interface Marked {
  readonly marks: readonly { readonly mark: string; readonly at: string; readonly note?: string }[];
}

/** The records of a catalog, oldest first. */
function readsOf(entries: readonly Marked[]): { readonly at: Date; readonly record: ReadRecord }[] {
  return entries
    .flatMap(({ marks }) => marks.filter(({ mark }) => mark === 'read'))
    .flatMap(({ at, note }) => {
      const record = parseReadNote(note);
      return record === undefined ? [] : [{ at: new Date(at), record }];
    })
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** A pass ends in four fifths of its time: a night may fail. */
const USED = 0.8;

/** In how many nightly parts a repository is read. */
export function partsOf(readAll: Duration): number {
  return Math.max(1, Math.floor((seconds(readAll) * USED) / DAY_SECONDS));
}

/** The part that a pack belongs to, from 1. Its name is a digest. */
export function partOf(pack: string, parts: number): number {
  return (Number.parseInt(pack.slice(0, 8), 16) % parts) + 1;
}

export const everyPart = (parts: number): number[] => Array.from({ length: parts }, (_, n) => n + 1);

export interface ReadState {
  /** When each part of the packs was last read; absent where never. */
  readonly parts: ReadonlyMap<number, Date>;
  /** Packs written since then have not been read yet. Undefined where none has. */
  readonly until?: Date;
  /** When each set was last read, and all of a lineage by `<lineage>/*`. */
  readonly sets: ReadonlyMap<string, Date>;
  /** When a part of the packs was last read. */
  readonly last?: Date;
  /** Found damaged, and not well since. */
  readonly again: { readonly parts: ReadonlySet<number>; readonly sets: ReadonlySet<string> };
}

/** @param parts as the plan has it now: records of another division count only where they are about everything */
export function readState(entries: readonly Marked[], parts: number): ReadState {
  const [read, sets] = [new Map<number, Date>(), new Map<string, Date>()];
  const again = { parts: new Set<number>(), sets: new Set<string>() };
  let until: Date | undefined;
  let last: Date | undefined;
  for (const { at, record } of readsOf(entries)) {
    const numbers = (given: readonly number[]): readonly number[] => {
      if (record.parts === parts) return given;
      return record.parts === 1 && given.length > 0 ? everyPart(parts) : [];
    };
    for (const part of numbers(record.packs.well)) {
      read.set(part, at);
      again.parts.delete(part);
      last = at;
    }
    for (const part of numbers(record.packs.again)) again.parts.add(part);
    for (const set of record.sets.well) {
      sets.set(set, at);
      const lineage = set.endsWith('/*') ? set.slice(0, -1) : undefined;
      for (const known of again.sets)
        if (known === set || (lineage !== undefined && known.startsWith(lineage))) again.sets.delete(known);
    }
    for (const set of record.sets.again) again.sets.add(set);
    if (record.until !== undefined) until = new Date(record.until);
  }
  return { parts: read, sets, again, ...(until && { until }), ...(last && { last }) };
}

/** The parts to read now: the damaged ones, then those that were never read, then the oldest; as many as nights went by. */
export function dueParts({ parts: read, last, again }: ReadState, parts: number, now: Date): number[] {
  const nights = last === undefined ? 1 : Math.round((now.getTime() - last.getTime()) / 1000 / DAY_SECONDS);
  const at = (part: number): number => read.get(part)?.getTime() ?? 0;
  const rest = everyPart(parts).filter((part) => !again.parts.has(part));
  const due = rest.sort((a, b) => at(a) - at(b)).slice(0, Math.min(parts, Math.max(1, nights)));
  return [...again.parts, ...due].sort((a, b) => a - b);
}

/** When the set was last read, alone or with all of its lineage. */
export function setReadAt(state: ReadState, lineage: string, set: string, endedAt: Date): Date | undefined {
  const [alone, all] = [state.sets.get(`${lineage}/${set}`), state.sets.get(`${lineage}/*`)];
  const counted = [alone, all !== undefined && all > endedAt ? all : undefined].filter((at) => at !== undefined);
  return counted.reduce<Date | undefined>((last, at) => (last !== undefined && last > at ? last : at), undefined);
}
