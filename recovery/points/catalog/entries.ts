/** Turns the documents of a catalog into entries: a point with its marks and its trust. */
import {
  isCompromised,
  type MarkRecord,
  markDocumentSchema,
  markedPoint,
  parseMarkKey,
  type UnreadMark,
} from '../marks.ts';
import type { RecoveryPoint } from '../point.ts';
import { type CatalogDocuments, pointOfKey } from './chain.ts';
import type { DocumentRecord } from './document.ts';
import type { GoneDocument } from './memory.ts';
import { chainOrder } from './order.ts';
import { outlineOf, type PointOutline } from './outline.ts';
import type { CatalogEntry, Trust } from './types.ts';

/** The schema was checked when the document was first read: over 10,000 points that takes longer than to parse the JSON. */
function pointOf({ text }: DocumentRecord): RecoveryPoint {
  return JSON.parse(text);
}

export interface MarksOfPoint {
  readonly marks: readonly MarkRecord[];
  readonly unread?: readonly UnreadMark[] | undefined;
}

/** The document must be readable (`text` not empty). Its JSON is parsed when `point` is first asked for: 10,000 of them take long. */
export function toEntry(record: DocumentRecord, { marks, unread }: MarksOfPoint): CatalogEntry {
  let parsed: RecoveryPoint | undefined;
  return {
    get point(): RecoveryPoint {
      parsed ??= pointOf(record);
      return parsed;
    },
    get outline(): PointOutline {
      return record.outline ?? outlineOf(this.point);
    },
    marks,
    ...(unread === undefined ? {} : { unread }),
    trust: trustOf(record),
  };
}

/** Only a good signature makes a mark: anybody can lay an object there, and none may decide what `latest` is. */
function toMark(record: DocumentRecord): MarkRecord | undefined {
  if (record.state !== 'ok') return undefined;
  const { mark, at, by, note } = markDocumentSchema.parse(JSON.parse(record.text));
  return { mark, at, by, ...(note === undefined ? {} : { note }) };
}

/** A mark that was removed or altered still counts where somebody remembers it: nobody who can sign took it back. */
function goneMarks(gone: readonly GoneDocument[], records: readonly DocumentRecord[]): [string, MarkRecord][] {
  const present = new Set(records.filter(({ state }) => state === 'ok').map(({ key }) => key));
  return gone.flatMap(({ key, at, by = 'this host' }): [string, MarkRecord][] => {
    const named = parseMarkKey(key);
    if (named === undefined || at === undefined || present.has(key)) return [];
    return [[named.point, { mark: named.mark, at, by: 'unknown', note: `it was removed; ${by} remembers it` }]];
  });
}

/** Marks by the id of their point, oldest first. */
export function marksByPoint(
  records: readonly DocumentRecord[],
  gone: readonly GoneDocument[] = [],
): Map<string, MarkRecord[]> {
  const byPoint = new Map<string, MarkRecord[]>();
  for (const record of records) {
    const point = parseMarkKey(record.key)?.point;
    const mark = toMark(record);
    if (point === undefined || mark === undefined) continue;
    byPoint.set(point, [...(byPoint.get(point) ?? []), mark]);
  }
  for (const [point, mark] of goneMarks(gone, records)) byPoint.set(point, [...(byPoint.get(point) ?? []), mark]);
  for (const marks of byPoint.values()) marks.sort((a, b) => a.at.localeCompare(b.at));
  return byPoint;
}

/** By the id of their point. */
export function unreadByPoint(records: readonly DocumentRecord[]): Map<string, UnreadMark[]> {
  const byPoint = new Map<string, UnreadMark[]>();
  for (const { state, key, why, genuine = true } of records) {
    const point = state === 'unreadable' ? markedPoint(key) : undefined;
    if (point !== undefined) byPoint.set(point, [...(byPoint.get(point) ?? []), { key, why, genuine }]);
  }
  return byPoint;
}

/** An unreadable document has no text, and so no entry: the list of problems shows it. */
function trustOf({ state }: DocumentRecord): Trust {
  return state === 'unreadable' ? 'tampered' : state;
}

/** Points without an outline have no entry: the list of problems shows them. */
export function toEntries(documents: Marked): CatalogEntry[] {
  const marked = marksByPoint(documents.marks, documents.gone);
  const unread = unreadByPoint(documents.marks);
  return chainOrder(documents.points)
    .filter((record) => record.outline !== undefined)
    .map((record) => {
      const id = pointOfKey(record.key) ?? '';
      return toEntry(record, { marks: marked.get(id) ?? [], unread: unread.get(id) });
    });
}

type Marked = Pick<CatalogDocuments, 'points' | 'marks'> & Partial<Pick<CatalogDocuments, 'gone'>>;

/** Marks of points without an entry, by the point's id. */
export function marksWithout(documents: Marked): Map<string, MarkRecord[]> {
  const present = new Set(documents.points.flatMap(({ key, outline }) => (outline ? [pointOfKey(key)] : [])));
  return new Map([...marksByPoint(documents.marks, documents.gone)].filter(([id]) => !present.has(id)));
}

/** Ids of points without an entry whose mark `compromised` stands. Whoever removed the point could not sign that the mark is taken back. */
export function compromisedWithout(documents: Marked): string[] {
  return [...marksWithout(documents)].flatMap(([id, marks]) => (isCompromised({ marks }) ? [id] : []));
}
