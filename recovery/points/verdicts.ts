/**
 * Pure: the verdicts of people on a point, from all repositories that answered. The run that wrote a point wrote the same to all of them, and
 * a mark may have reached one of them only.
 */
import type { CatalogEntry } from './catalog/types.ts';
import { isCompromised, type MarkRecord, type UnreadMark } from './marks.ts';

/** What one repository's catalog says. */
export interface CatalogSays {
  readonly entries: readonly CatalogEntry[];
  /** Points that are gone there and whose mark `compromised` stands. */
  readonly compromisedGone: readonly string[];
  /** All marks of points that are gone there, by the point's id. */
  readonly marksGone: ReadonlyMap<string, readonly MarkRecord[]>;
}

export interface MarksElsewhere {
  /** `compromised` and `clean`, by the id of their point. */
  readonly marks: ReadonlyMap<string, readonly MarkRecord[]>;
  /** Marks that this version can't read, by the id of their point: they may say `compromised`. */
  readonly newer: ReadonlyMap<string, readonly UnreadMark[]>;
  /** Points that are marked compromised there. A replay must not lead past them, whichever repository its WAL comes from. */
  readonly compromised: readonly string[];
  /** Repositories whose marks could not be read. */
  readonly unread: readonly string[];
}

export const NO_MARKS: MarksElsewhere = { marks: new Map(), newer: new Map(), compromised: [], unread: [] };

const isVerdict = ({ mark }: MarkRecord): boolean => mark === 'compromised' || mark === 'clean';

function addTo<T>(all: Map<string, T[]>, id: string, added: readonly T[]): void {
  if (added.length > 0) all.set(id, [...(all.get(id) ?? []), ...added]);
}

/** @param answers by the id of their repository; `unread` of one that did not answer */
export function gatherMarks(answers: ReadonlyMap<string, CatalogSays | 'unread'>): MarksElsewhere {
  const marks = new Map<string, MarkRecord[]>();
  const newer = new Map<string, UnreadMark[]>();
  const unread: string[] = [];
  for (const [id, says] of answers) {
    if (says === 'unread') {
      unread.push(id);
      continue;
    }
    for (const { outline, marks: own, unread: notRead = [] } of says.entries) {
      addTo(marks, outline.id, own.filter(isVerdict));
      addTo(newer, outline.id, notRead);
    }
    for (const [point, own] of says.marksGone) addTo(marks, point, own.filter(isVerdict));
  }
  const compromised = [...marks].flatMap(([point, all]) => (isCompromised({ marks: all }) ? [point] : []));
  return { marks, newer, compromised, unread };
}

/** The entry with the marks of the other repositories: the last verdict counts, wherever it was set. */
function withMarks(entry: CatalogEntry, { marks, newer }: MarksElsewhere): CatalogEntry {
  const others = marks.get(entry.outline.id);
  const notRead = newer.get(entry.outline.id);
  if (others === undefined && notRead === undefined) return entry;
  const all = [...entry.marks, ...(others ?? [])].sort((a, b) => a.at.localeCompare(b.at));
  const unread = [...(entry.unread ?? []), ...(notRead ?? [])];
  return {
    get point() {
      return entry.point;
    },
    get outline() {
      return entry.outline;
    },
    marks: all,
    ...(unread.length === 0 ? {} : { unread }),
    trust: entry.trust,
  };
}

/** A catalog's answer with the verdicts of the others. */
export function withMarksElsewhere<T extends CatalogSays>(own: T, others: MarksElsewhere): T {
  const present = new Set(own.entries.map(({ outline }) => outline.id));
  const absent = new Set([...own.compromisedGone, ...others.compromised].filter((id) => !present.has(id)));
  const all = (id: string): readonly MarkRecord[] => [
    ...(own.marksGone.get(id) ?? []),
    ...(others.marks.get(id) ?? []),
  ];
  return {
    ...own,
    entries: own.entries.map((entry) => withMarks(entry, others)),
    compromisedGone: [...absent].filter((id) => isCompromised({ marks: all(id) })),
  };
}

/** For people, a sentence each. */
export function unreadNotes({ unread }: Pick<MarksElsewhere, 'unread'>): string[] {
  return unread.map((id) => `${id} was not asked for its marks: a point may be marked compromised there`);
}
